// Approve several statements. Each must be opened: then this browser fetches its bytes, computes their
// digest and shows them. One confirmation signs each chosen document; each has a result of its own.

import { checkedDocument } from "../lib/checked-document.js";
import { all, el, icon, one } from "../lib/dom.js";
import { me, onAction, run, start } from "../lib/page.js";
import { policySentence } from "../lib/policy.js";
import { live, swap } from "../lib/sse.js";
import { parseObject } from "../lib/strict-json.js";
import { text } from "../lib/texts.js";
import { seen, showContent } from "../elements/content-view.js";

const names = JSON.parse(one("#names").textContent);
const button = one("[data-action=sign]");
/** The documents that this browser checked, by statement. */
const checked = new Map();
let key;

const boxOf = (place) => one("[data-take]", place);
const chosen = () => all("[data-statement]").filter((place) => boxOf(place)?.checked);

/** Check a statement when it is opened for the first time; only then it can be chosen. */
async function open(place) {
  const { statement: id, sha256 } = place.dataset;
  if (!place.open || checked.has(id)) return;
  try {
    const document = await checkedDocument({ id, sha256, ledger: me.ledger }, (said) => draw(place, said));
    checked.set(id, document);
    signing();
    boxOf(place).disabled = !key;
    one("[data-checked]", place).replaceChildren(icon("check"), ` ${text("several.checked")}`);
  } catch (error) {
    const notice = el("div", { class: "notice rejected", role: "alert" }, el("p", {}, error.message));
    one("[data-shown]", place).replaceChildren(notice);
  }
}

async function draw(place, document) {
  const shown = one("[data-shown]", place);
  one("[data-title]", place).replaceChildren(...seen(document.title, true));
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

let loaded = null;
// Loaded once a statement can be chosen, and before the click: the network may fail then.
const signing = () => (loaded ??= import("../lib/several.js"));

/** Sign what was chosen, or send again what was signed. */
const approve = async ({ dataset: { action } }) => {
  const { sign, again } = await signing();
  await (action === "sign" ? sign(chosen(), { key, checked }) : again());
  count();
};

function update(next) {
  document.title = next.title;
  swap(next);
}

onAction({ sign: approve, again: approve });
document.addEventListener("change", count);
key = await start();
for (const place of all("[data-statement]")) {
  place.addEventListener("toggle", () => run(place, () => open(place)));
  run(place, () => open(place));
}
live(update);
