// Draft a statement. The browser builds, shows and signs the document, and sends exactly the bytes
// that it showed. Before the last button it sends nothing but the policy, to ask who could meet it.

import { Problem, post, settle } from "../lib/api.js";
import { now } from "../lib/clock.js";
import { sha256Hex } from "../lib/digest.js";
import { all, el, one } from "../lib/dom.js";
import { jcs } from "../lib/jcs.js";
import { jsonWords } from "../lib/json-words.js";
import { signAct } from "../lib/jws.js";
import { me, onAction, start } from "../lib/page.js";
import { policySentence } from "../lib/policy.js";
import { fault } from "../lib/policy-faults.js";
import { shortfall } from "../lib/shortfall.js";
import { chosenReaders } from "../lib/readers.js";
import { parseObject } from "../lib/strict-json.js";
import { language, text as said } from "../lib/texts.js";

const MAX_BYTES = 1_048_576; // of a document
// The server refuses a document whose time is over five minutes off; one minute is for the request.
const FRESH_MS = 4 * 60_000;
// Wait for a pause in typing before showing an error.
const PAUSE_MS = 400;

const form = one("#draft");
const field = (name) => one(`#${name}`);
const offered = all("[data-name]", form).map((box) => [box.value.replace("user:", ""), box.dataset.name]);
const names = { ...JSON.parse(field("names").textContent), ...Object.fromEntries(offered) };
const base = one("#base") && JSON.parse(one("#base").textContent);
const floor = JSON.parse(field("compose").dataset.floor);
const written = () => `${field("title").value}\n${field("content").value}`;
const original = written();
// One id for all attempts of this page: the server records a repeated request once.
const statementId = crypto.randomUUID();
let made = null;
let key;
let submitted = false;
let typing = 0;
const { definition, type, roles: named } = field("compose").dataset;
const typed = definition && new (await import("../lib/typed-draft.js")).TypedContent(definition);
const builder = typed ? null : new (await import("../lib/policy-form.js")).PolicyForm();
const roles = named.split(" ");
let asked = "";
let kept = null;

/** Return what is wrong with the JSON in a field, as a sentence, or "". */
function jsonFault(name) {
  try {
    parseObject(field(name).value);
    return "";
  } catch (error) {
    return jsonWords(error);
  }
}

const readPolicy = () => JSON.parse(field("policy-json").value);

/** Show what the policy asks for, or return what is wrong with it. */
function policyFault(byHand) {
  const box = field("policy-json");
  box.readOnly = !byHand;
  field("policy-fields").disabled = byHand;
  if (!byHand) box.value = JSON.stringify(builder?.policy(now()) ?? typed.policy, null, 2);
  const error = jsonFault("policy-json") || fault(readPolicy(), roles) || shortfall(readPolicy(), floor);
  field("sentence").textContent = error || policySentence(readPolicy(), names);
  field("sentence").classList.toggle("error", error !== "");
  return error;
}

/** Say who could approve it today. It is a help: without an answer nothing is said. */
async function foresee(isSound) {
  const place = field("prospect");
  const policy = isSound ? JSON.stringify({ ...readPolicy(), expiresAt: undefined }) : "";
  if (!place || policy === asked) return;
  asked = policy;
  const none = { says: "", isMeetable: true };
  const found = policy && (await (await import("../lib/prospect.js")).prospect(JSON.parse(policy), names).catch(() => null));
  if (policy !== asked) return; // a newer one is asked about
  const { says, isMeetable } = found || none;
  place.textContent = says;
  place.className = isMeetable ? "muted" : "notice waiting";
}

/** Return what is wrong with the content, as a sentence, or "". */
function contentFault() {
  const { value } = field("content");
  const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
  if (bytes > MAX_BYTES) return said("draft.too-large", { size: (bytes / MAX_BYTES).toFixed(1) });
  return jsonFault("content") || (typed?.fault(value) ?? "");
}

/** Show what reviewers will see. */
async function preview() {
  const { seen, showContent } = await import("../elements/content-view.js");
  const title = field("title").value.trim();
  const parts = { shown: field("preview-content"), list: field("preview-cautions"), count: field("preview-values") };
  field("preview-name").replaceChildren(...seen(title, true));
  if (!jsonFault("content")) return showContent(title, parseObject(field("content").value), parts);
  Object.values(parts).forEach((part) => part.replaceChildren());
  parts.list.hidden = true;
  parts.count.textContent = said("draft.preview.none");
}

/** Show the errors at their fields; return them as `[[field, sentence], …]`. */
function faults() {
  const byHand = field("by-hand").checked;
  const unsound = policyFault(byHand);
  const ruling = byHand ? "policy-json" : field("in-steps").checked ? "in-steps" : "threshold";
  const found = {
    "policy-json": "", "in-steps": "", threshold: "",
    title: field("title").value.trim() ? "" : said("draft.give-title"),
    content: contentFault(),
    [ruling]: unsound,
  };
  for (const [name, error] of Object.entries(found)) {
    field(name).ariaInvalid = error ? "true" : null;
    const place = one(`#${name}-error`);
    if (place) place.textContent = error;
  }
  foresee(!unsound);
  return Object.entries(found).filter(([, error]) => error);
}

/** After a pause in typing: show the errors and what reviewers will see, and keep the draft. */
function pause() {
  faults();
  preview();
  keep();
}

/** Keep the draft in this browser; return whether it is kept. */
function keep() {
  if (!kept) return false;
  const isKept = kept.keep(form, typed ? null : field("policy-json").value, now());
  if (isKept && kept.at) field("kept").textContent = said("draft.kept", { time: clockTime(kept.at) });
  if (kept.isElsewhere) field("kept").textContent = said("draft.elsewhere");
  return isKept;
}

const clockTime = (ms) => new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });

/** Show what this browser kept of the draft, if anything. */
function restore() {
  const found = kept.restore(form);
  if (!found) return;
  if (builder) writePolicy(found.policy);
  if (typed?.fields) showTyped(field("content").value);
  const at = new Date(found.at).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
  one("p", field("restored")).textContent = said("draft.restored", { at });
  field("restored").hidden = false;
}

/** Show a content in the form of its type, or as text if the form cannot say it. */
function showTyped(content) {
  if (content !== undefined) field("content").value = content;
  const fits = content === undefined || (!jsonFault("content") && typed.fill(content));
  field("typed-fields").hidden = !fits;
  field("content").readOnly = fits;
}

/** Show the text of a policy in the form, or as it is if the form cannot say it. */
function writePolicy(text) {
  field("policy-json").value = text;
  const isSound = !jsonFault("policy-json") && !fault(readPolicy(), null);
  const byHand = !isSound || !builder.write(readPolicy(), now());
  field("by-hand").checked = byHand;
  field("policy-json-box").open = byHand;
}

async function make() {
  const usable = await chosen();
  const document = {
    content: field("content").value,
    createdAt: new Date().toISOString(),
    creator: me.user,
    ledger: me.ledger,
    policy: readPolicy(),
    statementId,
    title: field("title").value.trim(),
    ...chosenReaders(form),
    ...(base && { supersedes: { statement: base.statement, sha256: base.sha256, policy: base.policy } }),
    ...(usable && { usable }),
    ...(typed && { type: JSON.parse(field("compose").dataset.type) }),
  };
  const text = jcs(document);
  made = { text, sha256: await sha256Hex(text), at: now(), policy: document.policy };
  // For the last step only.
  await (await import("../lib/draft-check.js")).showCheck(made, document, { base, names });
}

/** Return the member `usable`: that of the type, or what the form asks for. */
async function chosen() {
  if (typed) return typed.usable ?? null;
  if (!one("input[name=executor]:checked", form)) return null; // as in most drafts
  return (await import("../lib/uses.js")).chosenUsable(form, now());
}

function turn(checking) {
  // Its places have the ids that the list of the check links to.
  if (checking) field("preview-content").replaceChildren();
  else preview();
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

async function submit(approves) {
  if (now() - made.at > FRESH_MS) return remake();
  const { text, sha256 } = made;
  const act = await signAct(key, me.ledger, "draft", { statementId, sha256 });
  try {
    const { position } = await post("/api/statements/create", { document: text, act });
    submitted = true;
    kept.drop();
    await settle(position);
    try {
      await approves?.(key, statementId, made);
    } finally {
      location.assign(`/statements/${statementId}`); // it shows whether the approval is there
    }
  } catch (error) {
    if (error instanceof Problem && error.code === "document_time_stale") await remake();
    throw error;
  }
}

form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(pause, PAUSE_MS);
});
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
  if (submitted || written() === original) return;
  policyFault(field("by-hand").checked); // what was typed since the last pause
  if (!keep()) event.preventDefault();
});
onAction({
  submit: () => submit(null),
  approve: async () => submit((await import("../lib/own-approval.js")).approveOwn),
  back: () => turn(false),
  sample: ({ dataset }) => {
    field("title").value = dataset.title;
    field("content").value = dataset.content;
    pause();
  },
  anew: () => {
    kept.drop();
    submitted = true; // nothing to warn of
    location.reload();
  },
});
all("[data-action=sample]").forEach((button) => (button.disabled = false));

if (typed?.fields) {
  field("typed-fields").append(...typed.form((content) => (field("content").value = content)));
  showTyped(base?.content);
}
if (base && builder) writePolicy(JSON.stringify(base.policy, null, 2));
key = await start();
const { KeptDraft } = await import("../lib/kept-draft.js");
kept = new KeptDraft(me, base?.statement ?? JSON.parse(type ?? "null")?.sha256 ?? "new", { isShared: key?.home === "session" });
restore();
faults();
preview();
one("[type=submit]", form).disabled = !key;
