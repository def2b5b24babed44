// Signs several approvals after one confirmation, sends them, and shows a result for each.

import { post, refusal } from "./api.js";
import { ask, el, icon, one } from "./dom.js";
import { signApproval, signedAt } from "./jws.js";
import { say, show } from "./page.js";
import { text } from "./texts.js";
import { seen } from "../elements/content-view.js";
import { grouped } from "../elements/seal.js";

/** The signed approvals whose answer did not arrive, with their statements: sent again as they are. */
let unanswered = null;

export const again = () => send(unanswered);

/** Ask for one confirmation, sign the chosen documents, and send them; `checked` has their bytes. */
export async function sign(places, { key, checked }) {
  const dialog = one("#several-dialog");
  one("[data-kid]", dialog).textContent = key.kid.slice(0, 8);
  one("ol", dialog).replaceChildren(...places.map(({ dataset: { statement, sha256 } }) => {
    const digest = el("code", { class: "digest" }, ...grouped(sha256));
    return el("li", {}, el("div", {}, el("b", {}, ...seen(checked.get(statement).title, true)), el("p", {}, digest)));
  }));
  if (!(await ask(dialog))) return;
  const approvals = [];
  for (const { dataset } of places) {
    const after = dataset.mine ? signedAt(dataset.mine) : 0;
    approvals.push(await signApproval(key, checked.get(dataset.statement).raw, { after }));
  }
  await send({ places, approvals });
}

async function send(signed) {
  unanswered = null;
  try {
    const { results } = await post("/api/approvals", { approvals: signed.approvals });
    signed.places.forEach((place, at) => tell(place, results[at]));
    const done = results.filter(({ receipt }) => receipt).length;
    const said = text("several.done", { count: results.length, done });
    one("#several-done").textContent = said;
    one("#several-done").hidden = false;
    one("#several-done").focus();
    say(said);
  } catch (error) {
    show(error);
    if (error.refused !== false) return;
    unanswered = signed;
    const again = el("button", { type: "button", class: "button", "data-action": "again" }, text("several.again"));
    one("#problem .notice").append(el("p", {}, text("several.kept")), again);
  }
}

/** Show the result of one approval beside its statement, open or closed. */
function tell(place, { status, receipt, problem }) {
  one("[data-take]", place).checked = false;
  const result = one(`#result-${place.dataset.statement}`);
  result.hidden = false;
  result.className = `notice ${receipt ? "approved" : "rejected"}`;
  if (!receipt) return result.replaceChildren(el("p", {}, icon("rejected"), ` ${refusal(status, problem).message}`));
  one("[data-take]", place).disabled = true;
  place.open = false;
  const { leafIndex, position } = receipt;
  const proof = { href: `/log/entries/${leafIndex}/proof`, download: `${leafIndex}.tlog-proof` };
  const said = text("several.approved", { status: text(`status.${receipt.status}`) });
  const link = el("a", proof, text("several.receipt", { position }));
  return result.replaceChildren(el("p", {}, icon("approved"), ` ${said} `, link));
}
