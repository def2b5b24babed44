// Draft a statement. The browser builds, shows and signs the document, and sends exactly the bytes
// that it showed. It sends nothing before the last button.

import { Problem, post, settle } from "../lib/api.js";
import { now } from "../lib/clock.js";
import { sha256Hex } from "../lib/digest.js";
import { all, el, one } from "../lib/dom.js";
import { shortfall } from "../lib/floor.js";
import { jcs } from "../lib/jcs.js";
import { signAct } from "../lib/jws.js";
import { me, onAction, start } from "../lib/page.js";
import { policySentence } from "../lib/policy.js";
import { fault } from "../lib/policy-faults.js";
import { chosenReaders, readersSentence } from "../lib/readers.js";
import { parseObject } from "../lib/strict-json.js";
import { seen, showContent } from "../elements/content-view.js";
import { grouped, seal } from "../elements/seal.js";

const DAY_MS = 86_400_000;
// The server refuses a document whose time is over five minutes off; one minute is for the request.
const FRESH_MS = 4 * 60_000;
// Wait for a pause in typing before showing an error.
const PAUSE_MS = 400;

const form = one("#draft");
const field = (name) => one(`#${name}`);
const names = Object.fromEntries(
  all("[data-name]", form).map((box) => [box.value.replace("user:", ""), box.dataset.name]),
);
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
const { definition } = field("compose").dataset;
const typed = definition && new (await import("../lib/typed-draft.js")).TypedContent(definition);

function builtPolicy() {
  if (typed) return typed.policy;
  const chosen = (name) => all(`input[name=${name}]:checked`, form).map((box) => box.value);
  const veto = chosen("veto");
  const days = Number(field("expires").value);
  return {
    threshold: field("threshold").valueAsNumber || 0,
    of: chosen("of"),
    ...(veto.length && { veto }),
    ...(!field("creator-may-sign").checked && { creatorMaySign: false }),
    ...(days && { expiresAt: new Date(now() + days * DAY_MS).toISOString() }),
    ...(field("assurance").checked && { assurance: "passkey" }),
  };
}

/** Return what is wrong with the JSON in a field, as a sentence, or "". */
function jsonFault(name) {
  try {
    parseObject(field(name).value);
    return "";
  } catch ({ line, column, message }) {
    return `Line ${line}, column ${column}: ${message}.`;
  }
}

const readPolicy = () => JSON.parse(field("policy-json").value);

/** Show what the policy asks for, or return what is wrong with it. */
function policyFault(byHand) {
  const box = field("policy-json");
  box.readOnly = !byHand;
  field("policy-fields").disabled = byHand;
  if (!byHand) box.value = JSON.stringify(builtPolicy(), null, 2);
  const error = jsonFault("policy-json") || fault(readPolicy()) || shortfall(readPolicy(), floor);
  field("sentence").textContent = error || policySentence(readPolicy(), names);
  field("sentence").classList.toggle("error", error !== "");
  return error;
}

/** Show the errors at their fields; return them as `[[field, sentence], …]`. */
function faults() {
  const byHand = field("by-hand").checked;
  const found = {
    title: field("title").value.trim() ? "" : "Give the statement a title.",
    content: jsonFault("content") || (typed?.fault(field("content").value) ?? ""),
    [byHand ? "policy-json" : "threshold"]: policyFault(byHand),
  };
  for (const [name, error] of Object.entries(found)) {
    field(name).ariaInvalid = error ? "true" : null;
    const place = one(`#${name}-error`);
    if (place) place.textContent = error;
  }
  return Object.entries(found).filter(([, error]) => error);
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
  field("check-name").replaceChildren(...seen(document.title));
  showContent(document.title, parseObject(document.content), {
    shown: field("check-content"), list: field("check-cautions"), count: field("check-values"),
  });
  field("check-bytes").textContent = text;
  field("check-policy").textContent = policySentence(document.policy, names);
  field("check-readers").textContent = readersSentence(
    document.readers ? "participants" : "everyone", document.readers, names,
  );
  field("check-usable").textContent = usable ? (await uses()).usableSentence(usable, names) : "";
  // Few drafts are a new version.
  if (base) (await import("../lib/draft-changes.js")).showChanges(base, document, field("check-changed"));
  field("check-seal").replaceChildren(seal(made.sha256));
  field("check-copy").dataset.text = made.sha256;
  const own = field("own-approval");
  own.textContent = (await import("../lib/own-approval.js")).offer(document.policy, own.dataset);
  own.hidden = !own.textContent;
  field("check-digest").replaceChildren(...grouped(made.sha256));
}

const uses = () => import("../lib/uses.js"); // few drafts name executors

/** Return the member `usable`: that of the type, or what the form asks for. */
async function chosen() {
  if (typed) return typed.usable ?? null;
  return one("input[name=executor]:checked", form) && (await uses()).chosenUsable(form, now());
}

function turn(checking) {
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
  typing = setTimeout(faults, PAUSE_MS);
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
  if (!submitted && written() !== original) event.preventDefault();
});
onAction({
  submit: () => submit(null),
  approve: async () => submit((await import("../lib/own-approval.js")).approveOwn),
  back: () => turn(false),
  sample: ({ dataset }) => {
    field("title").value = dataset.title;
    field("content").value = dataset.content;
    faults();
  },
});
all("[data-action=sample]").forEach((button) => (button.disabled = false));

if (typed?.fields && !base) {
  field("typed-fields").hidden = false;
  field("typed-fields").append(...typed.form((text) => (field("content").value = text)));
  field("content").readOnly = true;
}
faults();
key = await start();
one("[type=submit]", form).disabled = !key;
