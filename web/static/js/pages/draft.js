// Write a statement. Nothing leaves the browser before the last button: the document is made,
// shown and signed here, and sent as the very bytes that were shown.

import { Problem, post, settle } from "../lib/api.js";
import { bytesOf, sha256Hex } from "../lib/digest.js";
import { all, el, one } from "../lib/dom.js";
import { jcs } from "../lib/jcs.js";
import { signAct } from "../lib/jws.js";
import { me, onAction, start } from "../lib/page.js";
import { fault, policySentence } from "../lib/policy.js";
import { parseObject } from "../lib/strict-json.js";
import { contentView, seen } from "../elements/content-view.js";
import "../elements/digest.js";
import { seal } from "../elements/seal.js";

const DAY_MS = 86_400_000;
// The server refuses a document whose time is five minutes off; a minute is left for the way.
const FRESH_MS = 4 * 60_000;

const form = one("#draft");
const field = (name) => one(`#${name}`);
const names = Object.fromEntries(
  all("[data-name]", form).map((box) => [box.value.replace("user:", ""), box.dataset.name]),
);
const written = () => `${field("title").value}\n${field("content").value}`;
const original = written();
// One id for all tries of this page: a repeated request is then recognised and recorded once.
const statementId = crypto.randomUUID();
let made = null;
let key;
let submitted = false;

function builtPolicy() {
  const chosen = (name) => all(`input[name=${name}]:checked`, form).map((box) => box.value);
  const veto = chosen("veto");
  const days = Number(field("expires").value);
  return {
    threshold: field("threshold").valueAsNumber || 0,
    of: chosen("of"),
    ...(veto.length && { veto }),
    ...(!field("creator-may-sign").checked && { creatorMaySign: false }),
    ...(days && { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() }),
    ...(field("assurance").checked && { assurance: "passkey" }),
  };
}

/** Return `{policy, error}` from the form, or from the JSON where it is written by hand. */
function readPolicy() {
  const box = field("policy-json");
  if (!field("by-hand").checked) {
    const policy = builtPolicy();
    box.value = JSON.stringify(policy, null, 2);
    return { policy, error: fault(policy) };
  }
  try {
    parseObject(box.value);
    const policy = JSON.parse(box.value);
    return { policy, error: fault(policy) };
  } catch (error) {
    return { policy: null, error: `Line ${error.line}: ${error.message}.` };
  }
}

function contentError() {
  try {
    parseObject(field("content").value);
    return "";
  } catch (error) {
    return `Line ${error.line}, column ${error.column}: ${error.message}.`;
  }
}

function mark(name, error) {
  one(`#${name}-error`).textContent = error;
  if (error) field(name).setAttribute("aria-invalid", "true");
  else field(name).removeAttribute("aria-invalid");
  return error && [name === "policy" ? "threshold" : name, error];
}

function showPolicy() {
  const byHand = field("by-hand").checked;
  field("policy-json").readOnly = !byHand;
  field("policy-fields").disabled = byHand;
  const { policy, error } = readPolicy();
  const sentence = field("sentence");
  sentence.textContent = error || policySentence(policy, names);
  sentence.classList.toggle("error", Boolean(error));
  return error;
}

/** Return `[[field, sentence], …]` of all that is wrong, and mark it. */
function faults() {
  const title = field("title").value.trim() ? "" : "Give the statement a title.";
  const policy = showPolicy();
  return [
    mark("title", title),
    mark("content", contentError()),
    policy && [field("by-hand").checked ? "policy-json" : "threshold", policy],
  ].filter(Boolean);
}

async function make() {
  const base = field("compose").dataset.base;
  const document = {
    content: field("content").value,
    createdAt: new Date().toISOString(),
    creator: me.user,
    ledger: me.ledger,
    policy: readPolicy().policy,
    statementId,
    title: field("title").value.trim(),
    ...(base && { supersedes: base }),
  };
  const text = jcs(document);
  made = { document, text, sha256: await sha256Hex(text), at: Date.now() };
  field("check-name").replaceChildren(...seen(document.title));
  field("check-content").replaceChildren(contentView(parseObject(document.content)));
  field("check-bytes").textContent = text;
  field("check-policy").textContent = policySentence(document.policy, names);
  field("check-seal").replaceChildren(seal(made.sha256));
  field("check-digest").replaceChildren(el("ledger-digest", { "data-hex": made.sha256 }));
}

async function turn(checking) {
  field("write").hidden = checking;
  field("check").hidden = !checking;
  window.scrollTo(0, 0);
  one(checking ? "#check-title" : "#write h1").focus();
}

async function remake() {
  await make();
  field("refreshed").hidden = false;
  field("refreshed").scrollIntoView({ block: "center" });
}

async function submit() {
  if (Date.now() - made.at > FRESH_MS) return remake();
  const { text, sha256 } = made;
  const act = await signAct(key, me.ledger, "draft", { statementId, sha256 });
  try {
    const { position } = await post("/api/statements/create", { document: text, act });
    submitted = true;
    await settle(position);
    location.assign(`/statements/${statementId}`);
  } catch (error) {
    if (error instanceof Problem && error.code === "document_time_stale") await remake();
    throw error;
  }
}

form.addEventListener("input", showPolicy);
for (const name of ["title", "content"]) {
  field(name).addEventListener("change", faults);
  // While it is wrong it is checked at every key; before that, nobody is corrected mid-word.
  field(name).addEventListener("input", () => field(name).ariaInvalid && faults());
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const found = faults();
  const summary = field("errors");
  const links = found.map(([name, error]) => el("li", {}, el("a", { href: `#${name}` }, error)));
  one("ul", summary).replaceChildren(...links);
  summary.hidden = found.length === 0;
  if (found.length) return summary.focus();
  field("refreshed").hidden = true;
  await make();
  return turn(true);
});
window.addEventListener("beforeunload", (event) => {
  if (!submitted && written() !== original) event.preventDefault();
});
onAction({ submit, back: () => turn(false) });

if (form) {
  key = await start();
  showPolicy();
  one("[type=submit]", form).disabled = !key;
}
