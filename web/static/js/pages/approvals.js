// Approve several statements. Each must be opened: then this browser fetches its bytes, computes their
// digest and shows them. One confirmation signs each chosen document; each has a result of its own.

import { NoAnswer, post, refusal } from "../lib/api.js";
import { checkedDocument } from "../lib/checked-document.js";
import { all, ask, el, icon, one } from "../lib/dom.js";
import { signApproval, signedAt } from "../lib/jws.js";
import { me, onAction, run, say, show, start } from "../lib/page.js";
import { policySentence } from "../lib/policy.js";
import { live, swap } from "../lib/sse.js";
import { parseObject } from "../lib/strict-json.js";
import { text } from "../lib/texts.js";
import { seen, showContent } from "../elements/content-view.js";
import { grouped } from "../elements/seal.js";

const names = JSON.parse(one("#names").textContent);
const button = one("[data-action=sign]");
/** The documents that this browser checked, by statement. */
const checked = new Map();
let key;
/** The signed approvals whose answer did not arrive, with their statements: sent again as they are. */
let unanswered = null;

const boxOf = (place) => one("[data-take]", place);
const chosen = () => all("[data-statement]").filter((place) => boxOf(place)?.checked);

/** Check a statement when it is opened for the first time; only then it can be chosen. */
async function open(place) {
  const { statement: id, sha256 } = place.dataset;
  if (!place.open || checked.has(id)) return;
  try {
    const document = await checkedDocument({ id, sha256, ledger: me.ledger }, (said) => draw(place, said));
    checked.set(id, document);
    boxOf(place).disabled = !key;
    one("[data-checked]", place).replaceChildren(icon("check"), ` ${text("several.checked")}`);
  } catch (error) {
    const notice = el("div", { class: "notice rejected", role: "alert" }, el("p", {}, error.message));
    one("[data-shown]", place).replaceChildren(notice);
  }
}

async function draw(place, document) {
  const shown = one("[data-shown]", place);
  one("[data-title]", place).replaceChildren(...seen(document.title));
  const content = parseObject(document.content);
  showContent(document.title, content, {
    shown: one("[data-content]", shown),
    list: one("[data-cautions]", shown),
    count: one("[data-values]", shown),
    prefix: place.dataset.prefix,
  });
  const given = one("[data-headings]", place);
  if (given) {
    const { head } = await import("../elements/headings.js");
    head(one("[data-content] > dl", shown), content, given);
  }
  one("[data-policy]", shown).textContent = policySentence(document.policy, names);
}

function count() {
  const number = chosen().length;
  button.disabled = !number;
  button.textContent = number ? text("several.sign", { count: number }) : text("several.sign.none");
}

async function sign() {
  const places = chosen();
  const dialog = one("#several-dialog");
  one("[data-kid]", dialog).textContent = key.kid.slice(0, 8);
  one("ol", dialog).replaceChildren(...places.map(({ dataset: { statement, sha256 } }) => {
    const digest = el("code", { class: "digest" }, ...grouped(sha256));
    return el("li", {}, el("div", {}, el("b", {}, ...seen(checked.get(statement).title)), el("p", {}, digest)));
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
    count();
  } catch (error) {
    show(error);
    if (!(error instanceof NoAnswer)) return;
    unanswered = signed;
    const again = el("button", { type: "button", class: "button", "data-action": "again" }, text("several.again"));
    one("#problem .notice").append(el("p", {}, text("several.kept")), again);
  }
}

function update(next) {
  document.title = next.title;
  swap(next);
}

/** Show the result of one approval beside its statement, open or closed. */
function tell(place, { status, receipt, problem }) {
  boxOf(place).checked = false;
  const result = one(`#result-${place.dataset.statement}`);
  result.hidden = false;
  result.className = `notice ${receipt ? "approved" : "rejected"}`;
  if (!receipt) return result.replaceChildren(el("p", {}, icon("rejected"), ` ${refusal(status, problem).message}`));
  boxOf(place).disabled = true;
  place.open = false;
  const { leafIndex, position } = receipt;
  const proof = { href: `/log/entries/${leafIndex}/proof`, download: `${leafIndex}.tlog-proof` };
  const said = text("several.approved", { status: receipt.status });
  const link = el("a", proof, text("several.receipt", { position }));
  return result.replaceChildren(el("p", {}, icon("approved"), ` ${said} `, link));
}

onAction({ sign, again: () => send(unanswered) });
document.addEventListener("change", count);
key = await start();
for (const place of all("[data-statement]")) {
  place.addEventListener("toggle", () => run(place, () => open(place)));
  run(place, () => open(place));
}
live(update);
