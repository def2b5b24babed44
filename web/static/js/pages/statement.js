// Review and sign. The browser fetches the document's bytes, computes their digest, shows them, and
// signs exactly those bytes. If the digest is not the server's, the page signs nothing.

import { NoAnswer, Problem, post, settle } from "../lib/api.js";
import { Unfaithful, checkedDocument } from "../lib/checked-document.js";
import { all, ask, el, icon, one, put } from "../lib/dom.js";
import { signAct, signApproval, signedAt } from "../lib/jws.js";
import { called, policySentence } from "../lib/policy.js";
import { announce, me, onAction, say, show, start } from "../lib/page.js";
import { live, read, swap } from "../lib/sse.js";
import { parseObject } from "../lib/strict-json.js";
import { seen, showContent } from "../elements/content-view.js";
import { grouped, seal } from "../elements/seal.js";

const { id, sha256, assurance } = one("#review").dataset;
const names = JSON.parse(one("#names").textContent);
const verdicts = new Map();
// Only a policy that asks for a passkey needs it.
const asked = assurance === "passkey" && import("../lib/stepup.js");

/** The document that this browser checked, `{raw, title, content}`; without it nothing is signed. */
let checked = null;
let key;
/** A signed decision whose answer did not arrive: the next attempt sends the same one. */
let unanswered = null;

async function check() {
  try {
    checked = await checkedDocument({ id, sha256, ledger: me.ledger }, draw);
  } catch (error) {
    if (!(error instanceof Unfaithful)) throw error;
    mismatch(error.message, error.computed);
  }
}

async function draw(document, text) {
  one("#title").replaceChildren(...seen(document.title));
  one("#creator").textContent = called(document.creator, names);
  const isChange = document.type?.name === "ledger/change";
  const content = parseObject(document.content);
  if (isChange) one("#content").replaceChildren(await drawChange(document));
  else showContent(document.title, content, { shown: one("#content"), list: one("#cautions"), count: one("#values") });
  const titles = one("#headings");
  if (titles) (await import("../elements/headings.js")).head(one("#content > dl"), content, titles);
  one("#bytes").textContent = text;
  one("#policy").textContent = policySentence(document.policy, names);
  if (document.usable) one("#usable").textContent = (await uses()).usableSentence(document.usable, names);
  one("#seal").replaceChildren(seal(sha256));
  one("#seal").hidden = false;
  const words = "This browser fetched the bytes, computed this digest, and shows what they say.";
  one("#checked").replaceChildren(icon("check"), ` ${words}`);
  one("#checked").className = "checked small";
}

const uses = () => import("../lib/uses.js"); // few statements name executors

/** Sign a use, its outcome, or that it was not done. */
async function onUse({ dataset }) {
  const about = { key, statementId: id, sha256 };
  const decision = await (await uses()).signed(dataset.action, dataset, about);
  if (decision) await send(decision);
}

/** Return the element that shows a change; few statements are one, so its modules load late. */
async function drawChange({ content }) {
  const { changeShown, showEffects } = await import("../elements/change-view.js");
  const { items } = JSON.parse(content);
  if (one("#progress").dataset.status === "pending") showEffects(items);
  return changeShown(items, names);
}

function mismatch(reason, computed) {
  const block = one("#mismatch");
  put(block, "text", reason);
  put(block, "expected", sha256);
  put(block, "computed", computed);
  block.hidden = false;
  one("#content").hidden = true;
}

/** Enable the buttons that the server offers, if this browser checked the document and can sign. */
function arm() {
  for (const button of all("#actions button, #yours button, #uses button")) button.disabled = !(checked && key);
}

function update(next) {
  const says = ({ dataset }) => `${dataset.status}: ${dataset.says}`;
  const before = says(one("#progress"));
  swap(next);
  document.title = next.title;
  arm();
  verifyAll();
  const now = says(one("#progress"));
  if (now !== before) announce(now);
}

/** Ask for confirmation, sign, send: `action` is the route's name, `sign` makes the JWS. */
async function decide(action, dialog, sign) {
  put(dialog, "kid", key.kid.slice(0, 8));
  put(dialog, "effect", one("#actions").dataset[action]);
  if (!(await ask(dialog))) return;
  const jws = await sign();
  const body = { [action === "sign" ? "jwt" : "act"]: jws };
  if (assurance === "passkey" && action !== "withdraw") {
    const { confirmed } = await asked;
    body.assertion = (await confirmed(jws)).body.assertion;
  }
  await send({ action, body });
}

/** Return the signed time of this person's last decision here: the next one must be later. */
function lastSigned() {
  const mine = all(`#decisions li[data-by="${me.user}"]`);
  return Math.max(0, ...mine.map(({ dataset }) => signedAt(dataset.jws)));
}

/** Sign a rejection, retraction or withdrawal with the reason in its dialog. */
function signWithReason(act) {
  const reason = one(`#${act}-reason`).value.trim();
  const members = { statementId: id, sha256, ...(reason && { reason }) };
  return signAct(key, me.ledger, act, members, { after: lastSigned() });
}

async function send(decision) {
  unanswered = null;
  try {
    const answer = await post(`/api/statements/${id}/${decision.action}`, decision.body);
    receipt(decision.action, answer);
    await settle(answer.position);
    await read(update);
  } catch (error) {
    if (error instanceof Problem && /^key_/.test(error.code)) {
      me.kids.length = 0;
      key = await start();
    }
    if (error instanceof Problem) await read(update);
    show(error);
    if (error instanceof NoAnswer) {
      unanswered = decision;
      const again = el("button", { type: "button", class: "button", "data-action": "again" }, "Send again");
      one("#problem .notice").append(el("p", {}, "Your signature is made and kept on this page."), again);
    }
  }
}

function receipt(action, { position, status }) {
  const titles = { sign: "Approved and signed", reject: "Rejection signed", retract: "Approval taken back", withdraw: "Withdrawal signed", use: "Use signed", outcome: "Outcome signed" };
  const place = one("#receipt");
  one("h2", place).textContent = titles[action];
  put(place, "text", status ? `The statement is ${status === "pending" ? "still " : ""}${status}.` : "It is in the log.");
  one("[data-proof]", place).href = `/log/entries/${position - 1}/proof`;
  one("[data-proof]", place).download = `${position - 1}.tlog-proof`;
  put(place, "position", position);
  put(place, "kid", key.kid);
  put(place, "digest", sha256);
  place.hidden = false;
  one("h2", place).focus();
  say(`${titles[action]}, at position ${position}.`);
}

/** Put a tick beside each signature that this browser verified itself, over these bytes. */
async function verifyAll() {
  const { verdict } = await import("../lib/verdicts.js");
  for (const item of all("#decisions li[data-jws]")) {
    const { jws, kid } = item.dataset;
    if (!verdicts.has(jws)) verdicts.set(jws, await verdict(item.dataset, { id, sha256, checked }));
    const place = one("[data-verified]", item);
    const holds = verdicts.get(jws);
    if (holds === undefined) continue;
    place.classList.toggle("failed", !holds);
    place.replaceChildren(icon(holds ? "check" : "rejected"), holds ? " verified here" : ` does not verify with ${kid.slice(0, 8)}`);
  }
}

onAction({
  approve: () => {
    const dialog = one("#approve-dialog");
    one("[data-title]", dialog).replaceChildren(...seen(checked.title));
    one("[data-digest]", dialog).replaceChildren(...grouped(sha256));
    return decide("sign", dialog, () => signApproval(key, checked.raw, { after: lastSigned() }));
  },
  reject: () => decide("reject", one("#reject-dialog"), () => signWithReason("reject")),
  retract: () => decide("retract", one("#retract-dialog"), () => signWithReason("retract")),
  withdraw: () => decide("withdraw", one("#withdraw-dialog"), () => signWithReason("withdraw")),
  use: onUse,
  outcome: onUse,
  "not-done": onUse,
  again: () => send(unanswered),
});

key = await start();
await check().catch(show);
arm();
if (checked) {
  verifyAll();
  live(update);
}
