// Signs a decision on the statement of this page, sends it, and shows its receipt.

import { NoAnswer, Problem, post, settle } from "./api.js";
import { all, ask, el, one, put } from "./dom.js";
import { signAct, signApproval, signedAt } from "./jws.js";
import { me, say, show } from "./page.js";
import { read } from "./sse.js";
import { seen } from "../elements/content-view.js";
import { grouped } from "../elements/seal.js";
import { text } from "./texts.js";

const { id, sha256, assurance } = one("#review").dataset;
// Only a policy that asks for a passkey needs it.
const asked = assurance === "passkey" && import("./stepup.js");
/** A signed decision whose answer did not arrive: the next attempt sends the same one. */
let unanswered = null;

/** Do what a button offers: `dataset.action` names it; `about` has `{key, checked, renewed, update}`. */
export async function decide(dataset, about) {
  const { action } = dataset;
  const signed = await (ACTIONS[action] ?? withReason)(about, dataset);
  if (signed) await send(signed, about);
}

const ACTIONS = {
  approve: ({ key, checked }) => {
    const dialog = one("#approve-dialog");
    one("[data-title]", dialog).replaceChildren(...seen(checked.title, true));
    one("[data-digest]", dialog).replaceChildren(...grouped(sha256));
    return confirmed("sign", dialog, key, () => signApproval(key, checked.raw, { after: lastSigned() }));
  },
  use: onUse,
  outcome: onUse,
  "not-done": onUse,
  again: () => unanswered,
};

/** Sign a use, its outcome, or that it was not done. */
async function onUse({ key }, dataset) {
  return (await import("./uses.js")).signed(dataset.action, dataset, { key, statementId: id, sha256 });
}

/** Sign a rejection, retraction or withdrawal with the reason in its dialog. */
async function withReason({ key }, { action }) {
  const dialog = one(`#${action}-dialog`);
  if (action === "reject") (await import("./cited.js")).offer(dialog);
  return confirmed(action, dialog, key, () => {
    const reason = one(`#${action}-reason`).value.trim();
    const members = { statementId: id, sha256, ...(reason && { reason }) };
    return signAct(key, me.ledger, action, members, { after: lastSigned() });
  });
}

/** Ask for confirmation and sign: `route` is the route's name, `sign` makes the JWS. */
async function confirmed(route, dialog, key, sign) {
  put(dialog, "kid", key.kid.slice(0, 8));
  put(dialog, "effect", one("#actions").dataset[route]);
  if (!(await ask(dialog))) return null;
  const jws = await sign();
  const body = { [route === "sign" ? "jwt" : "act"]: jws };
  if (assurance === "passkey" && route !== "withdraw") {
    body.assertion = (await (await asked).confirmed(jws)).body.assertion;
  }
  return { action: route, body };
}

/** Return the signed time of this person's last decision here: the next one must be later. */
function lastSigned() {
  const mine = all(`#decisions li[data-by="${me.user}"]`);
  return Math.max(0, ...mine.map(({ dataset }) => signedAt(dataset.jws)));
}

async function send(decision, { key, renewed, update }) {
  unanswered = null;
  try {
    const answer = await post(`/api/statements/${id}/${decision.action}`, decision.body);
    receipt(decision.action, key, answer);
    await settle(answer.position);
    await read(update);
  } catch (error) {
    if (error instanceof Problem && /^key_/.test(error.code)) await renewed();
    if (error instanceof Problem) await read(update);
    show(error);
    if (error instanceof NoAnswer) {
      unanswered = decision;
      const again = el("button", { type: "button", class: "button", "data-action": "again" }, text("receipt.again"));
      one("#problem .notice").append(el("p", {}, text("receipt.kept")), again);
    }
  }
}

function receipt(action, { kid }, { position, status }) {
  const title = text(`receipt.title.${action}`);
  const place = one("#receipt");
  one("h2", place).textContent = title;
  const says = status === "pending" ? "place.status.still" : "place.status";
  put(place, "text", status ? text(says, { status: text(`status.${status}`) }) : text("place.log"));
  one("[data-proof]", place).href = `/log/entries/${position - 1}/proof`;
  one("[data-proof]", place).download = `${position - 1}.tlog-proof`;
  put(place, "position", position);
  put(place, "kid", kid);
  put(place, "digest", sha256);
  place.hidden = false;
  one("h2", place).focus();
  say(text("receipt.at", { name: title, n: position }));
}
