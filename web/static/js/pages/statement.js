// Review and sign. The browser fetches the document's bytes, computes their digest, shows them, and
// signs exactly those bytes. If the digest is not the server's, the page signs nothing.

import { Unfaithful, checkedDocument } from "../lib/checked-document.js";
import { all, icon, one, put } from "../lib/dom.js";
import { announce, me, onAction, show, start } from "../lib/page.js";
import { called, policySentence } from "../lib/policy.js";
import { live, swap } from "../lib/sse.js";
import { parseObject } from "../lib/strict-json.js";
import { text as said } from "../lib/texts.js";
import { seen, showContent } from "../elements/content-view.js";

const { id, sha256 } = one("#review").dataset;
const names = JSON.parse(one("#names").textContent);
/** The document that this browser checked, `{raw, title, content}`; without it nothing is signed. */
let checked = null;
let key;

async function check() {
  try {
    checked = await checkedDocument({ id, sha256, ledger: me.ledger }, draw);
  } catch (error) {
    if (!(error instanceof Unfaithful)) throw error;
    mismatch(error.message, error.computed);
  }
}

async function draw(document, text) {
  one("#title").replaceChildren(...seen(document.title, true));
  one("#creator").textContent = called(document.creator, names);
  const isChange = document.type?.name === "ledger/change";
  const content = parseObject(document.content);
  if (isChange) one("#content").replaceChildren(await drawChange(document));
  else showContent(document.title, content, { shown: one("#content"), list: one("#cautions"), count: one("#values") });
  const titles = one("#headings");
  if (titles) (await import("../elements/headings.js")).head(one("#content > dl"), content, titles);
  one("#bytes").replaceChildren(...seen(text));
  one("#policy").textContent = policySentence(document.policy, names);
  if (document.usable) one("#usable").textContent = (await uses()).usableSentence(document.usable, names);
  const { seal } = await import("../elements/seal.js"); // the seal only decorates the digest
  one("#seal").replaceChildren(seal(sha256));
  one("#seal").hidden = false;
  one("#checked").replaceChildren(icon("check"), ` ${said("check.checked")}`);
  one("#checked").className = "checked small";
}

const uses = () => import("../lib/uses.js"); // few statements name executors

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
  const offered = all("#actions button, #yours button, #uses button");
  for (const button of offered) button.disabled = !(checked && key);
  if (offered.length && checked && key) deciding();
}

/** Put a tick beside each signature that this browser verified itself, over these bytes. */
async function verifyAll() {
  const decisions = all("#decisions li[data-jws]");
  if (decisions.length) (await import("../lib/verdicts.js")).mark(decisions, { id, sha256, checked });
  if (one("#decisions blockquote")) (await import("../lib/cited.js")).link();
}

let loaded = null;
// Loaded once there is something to decide, and before it is clicked: the network may fail then.
const deciding = () => (loaded ??= import("../lib/deciding.js"));
const renewed = async () => {
  me.kids.length = 0;
  key = await start();
};
const decide = async ({ dataset }) => (await deciding()).decide(dataset, { key, checked, renewed, update });

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

const DECISIONS = ["approve", "reject", "retract", "withdraw", "use", "outcome", "not-done", "again"];
onAction(Object.fromEntries(DECISIONS.map((name) => [name, decide])));

key = await start();
await check().catch(show);
arm();
if (checked) {
  import("../elements/contents.js").then(({ index }) => index(one("#content"), one("#decide")));
  verifyAll();
  live(update);
}
