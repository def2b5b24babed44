// Defines a type, or its next version, by a change, beside the form that it gives.

import { done, propose, serve } from "../lib/administer.js";
import { settle } from "../lib/api.js";
import { all, el, one } from "../lib/dom.js";
import { jsonWords } from "../lib/json-words.js";
import { policySentence } from "../lib/policy.js";
import { fault } from "../lib/policy-faults.js";
import { PolicyForm } from "../lib/policy-form.js";
import { parseObject } from "../lib/strict-json.js";
import { text } from "../lib/texts.js";

// Last: what the form of a draft needs.
const [{ SchemaError }, { TypedContent }] = await Promise.all([
  import("../lib/content-schema.js"), import("../lib/typed-draft.js"),
]);

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const PAUSE_MS = 400;
const NAME = /^(?=.{1,64}$)(?!ledger\/)[a-z][a-z0-9-]*(?:\/[a-z][a-z0-9-]*)*$/;

const form = one("#define");
const field = (name) => one(`#${name}`);
const chosen = (name) => all(`input[name=${name}]:checked`, form).map(({ value }) => value);
const names = Object.fromEntries(
  all("[data-name]", form).map(({ value, dataset }) => [value.replace("user:", ""), dataset.name]),
);
const roles = form.dataset.roles.split(" ");
const { was, version = "0", usable } = form.dataset;
const builder = new PolicyForm();
let typing = 0;
let isTried = false;

/** Return what is wrong with the policy, or "" after showing it in words. */
function policyFault() {
  const byHand = field("by-hand").checked;
  field("policy").readOnly = !byHand;
  field("policy-fields").hidden = byHand;
  if (!byHand) field("policy").value = JSON.stringify(builder.policy(), null, 2);
  const says = field("policy-error");
  const wrong = jsonFault("policy") || fault(policy(), roles) || (policy().expiresAt ? text("define.fault.ends") : "");
  says.textContent = wrong || policySentence(policy(), names);
  says.classList.toggle("error", wrong !== "");
  return wrong;
}

const policy = () => JSON.parse(field("policy").value);

/** Return what is wrong with the JSON in a field, as a sentence, or "". */
function jsonFault(name) {
  try {
    parseObject(field(name).value);
    return "";
  } catch (error) {
    return jsonWords(error);
  }
}

/** Return the exact text of the definition; the schema in it is as it was written. */
function definition() {
  const [days, minutes, keep] = ["days", "fresh", "keep"].map((name) => field(name).valueAsNumber);
  const members = {
    name: field("name").value,
    version: Number(version) + 1,
    title: field("type-title").value.trim(),
    drafters: chosen("drafter"),
    policy: policy(),
    ...(field("supersede").checked && { supersede: "drafters" }),
    ...(usable && { usable: JSON.parse(usable) }), // as in the version before
    ...(days && { maxAge: Math.round(days * 24) * HOUR_MS }),
    ...(minutes && { freshness: minutes * MINUTE_MS }),
    ...told(),
    ...(keep && { retention: { days: keep, since: field("keep-since").value } }),
  };
  const said = Object.entries(members).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${[...said, `  "schema": ${field("schema").value.trim()}`].join(",\n")}\n}`;
}

/** Return the member `messages`, or none. */
function told() {
  const members = field("told").value.split("\n").map((each) => each.trim()).filter(Boolean);
  const title = field("told-title").checked;
  return (title || members.length) && { messages: { title, members } };
}

/** Return what is wrong with the schema, or "" after showing the form that it gives. */
function schemaFault(isPolicySound) {
  const wrong = jsonFault("schema");
  if (wrong || !isPolicySound) return wrong;
  try {
    const content = new TypedContent(definition());
    field("preview-legend").textContent = field("type-title").value;
    all("#preview > :not(legend)").forEach((each) => each.remove());
    field("preview").hidden = !content.fields;
    field("preview-none").hidden = Boolean(content.fields);
    if (content.fields) field("preview").append(...content.form(() => {}));
    return "";
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return text("define.fault.schema", { detail: text(`define.fault.unit.${error.why}`, error) });
  }
}

const boundFault = (name) => (field(name).validity.valid ? "" : text(`define.fault.${name}`));

/** Show the errors at their fields; return them as `[[field, sentence], …]`. */
function faults() {
  const policyWrong = policyFault();
  const found = {
    name: NAME.test(field("name").value) ? "" : text("define.fault.name"),
    "type-title": field("type-title").value.trim() ? "" : text("define.fault.title"),
    drafters: chosen("drafter").length ? "" : text("define.fault.drafters"),
    policy: policyWrong,
    days: boundFault("days"),
    fresh: boundFault("fresh"),
    keep: boundFault("keep"),
    schema: schemaFault(!policyWrong),
  };
  for (const [name, told] of Object.entries(found)) {
    // What is still empty is no error before the form is sent.
    const error = isTried || !["name", "type-title"].includes(name) ? told : "";
    field(name).ariaInvalid = error ? "true" : null;
    if (name !== "policy") field(`${name}-error`).textContent = error;
  }
  return Object.entries(found).filter(([, error]) => error);
}

async function define() {
  isTried = true;
  const found = faults();
  const links = found.map(([name, error]) => el("li", {}, el("a", { href: `#${name}` }, error)));
  one("ul", field("errors")).replaceChildren(...links);
  field("errors").hidden = found.length === 0;
  if (found.length) return field("errors").focus();
  const replaces = was && { was, pending: chosen("pending")[0] };
  const answer = await propose({ "define-type": { definition: definition(), ...replaces } }, names);
  if (answer?.status === "pending") return done(answer);
  if (!answer) return null;
  await settle(answer.position);
  return location.assign("/types");
}

form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(faults, PAUSE_MS);
});
if (was) {
  const byHand = !builder.write(policy());
  field("by-hand").checked = byHand;
  field("policy-json-box").open = byHand;
}
policyFault();
schemaFault(true);
serve({}, { "#define": define });
