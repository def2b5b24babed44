// What the pages of administration share: a change is shown with its effect before it is signed, and
// afterwards the page says what came about.

import { settle } from "./api.js";
import { all, ask, el, one, put } from "./dom.js";
import { me, onAction, run, say, start } from "./page.js";
import { live, read, swap } from "./sse.js";
import { catalogue, text } from "./texts.js";

/** The dialog that shows an effect; null for people who may change nothing. */
export const dialog = one("#change-dialog");
const sign = dialog && one("[value=sign]", dialog);

/** This browser's signing key, undefined without one. */
export const key = await start();

/** The dialog's latest question, so that an answer to an older one is not shown. */
let asked = 0;

const waiting = () => say(text("page.waiting"));

/** Show in the dialog what the items would do; `alone` for an act that needs no other approval. */
export async function showEffect(items, { alone = false } = {}) {
  const mine = (asked += 1);
  sign.disabled = true;
  one("#effect").replaceChildren(el("p", { class: "muted" }, text("effect.computing")));
  const { approvals, consequences, preview, refused } = await import("./effects.js"); // only where it is asked for
  let shown;
  let possible = true;
  try {
    const found = await preview(items);
    const { policy } = one("#rules").dataset;
    shown = alone
      ? [el("p", {}, text("effect.suspend-now")), ...consequences([], found)]
      : [...consequences(items, found), approvals(items, found, policy)];
    possible = alone || found.more !== null;
  } catch (error) {
    possible = false;
    shown = [refused(error)];
  }
  if (mine !== asked) return;
  one("#effect").replaceChildren(...shown);
  sign.disabled = !possible;
}

/** Make a change with these items, which the dialog has shown. */
export async function make(items) {
  const { makeChange } = await import("./changes.js"); // with all that signs: only where it is asked for
  return makeChange(key, me, items, waiting);
}

/** Ask whether to make a change with an item, and `more` of its kind, and make it. Returns the answer, or null. */
export async function propose(item, names = {}, more = []) {
  const items = [item, ...more];
  const { describe } = await import("./change-words.js"); // only where a change is asked for
  const [{ sentence }] = describe(items, names, catalogue);
  one("#change-title").textContent = more.length ? `${sentence}, ${text("change.more", { count: more.length })}?` : `${sentence}?`;
  showEffect(items).catch(() => dialog.close());
  return (await ask(dialog)) ? make(items) : null;
}

/** Say what came about, and show the page as it is now. */
export async function done({ position, status, statementId, approvals: count }, sentence = text("done.approved")) {
  const waits = status === "pending";
  const place = one("#done");
  put(place, "text", waits ? text(count ? "done.waits" : "done.accept") : sentence);
  place.className = `notice ${waits ? "waiting" : "approved"}`;
  one("[data-where]", place).hidden = !waits;
  one("a", place).href = `/statements/${statementId}`;
  place.hidden = false;
  say(one("[data-text]", place).textContent);
  await settle(position);
  await read(update);
}

/** Propose an item, and say what came about. */
export async function proposeAndTell(item, names, more) {
  const answer = await propose(item, names, more);
  if (answer) await done(answer);
  return answer;
}

function update(next) {
  swap(next);
  arm();
}

function arm() {
  for (const button of all("main button")) if (key && !dialog?.contains(button)) button.disabled = false;
}

/** Serve the page: `actions` by name for buttons, `forms` by selector. */
export function serve(actions, forms) {
  onAction(actions);
  for (const [selector, work] of Object.entries(forms)) {
    one(selector)?.addEventListener("submit", (event) => {
      event.preventDefault();
      run(event.submitter, work);
    });
  }
  arm();
  live(update);
}
