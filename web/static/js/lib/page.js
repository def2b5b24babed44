// What every page does: read who is signed in, show messages, and offer to set up this browser.

import { now } from "./clock.js";
import { CeremonyError, Told, el, one } from "./dom.js";
import * as keystore from "./keystore.js";
import { text } from "./texts.js";

const { ledger, origin, user, name, kids = "", unaffirmed = "" } = document.body.dataset;
const listed = (words) => words.split(" ").filter(Boolean);

const QUIET_MS = 5000;
// How long before its end the next key is offered: 14 days, and half an hour for a session's key.
const SOON_MS = { session: 30 * 60_000, other: 14 * 86_400_000 };
export const signedOut = new BroadcastChannel("signed-out");
let quietUntil = 0;
let waiting = 0;

/** The signed-in person, as the server rendered this page; `user` is undefined for nobody. */
export const me = { ledger, user, name, kids: listed(kids), unaffirmed: listed(unaffirmed) };

/** Announce to screen readers at once; the focus does not move. */
export function say(words) {
  clearTimeout(waiting);
  quietUntil = Date.now() + QUIET_MS;
  one("#status").textContent = words;
}

/** Announce at the next pause; a newer sentence replaces one that waits. */
export function announce(words) {
  clearTimeout(waiting);
  waiting = setTimeout(say, quietUntil - Date.now(), words);
}

/** Show an error message; it replaces an older one. */
export function show(error) {
  const told = error instanceof Told;
  if (!told) console.error(error);
  const words = told ? error.message : text("page.broken");
  // A cancelled prompt is no failure.
  const tone = error instanceof CeremonyError ? "waiting" : "rejected";
  const message = el("div", { class: `notice ${tone}` }, el("p", {}, words));
  if (error.status === 401) {
    const here = encodeURIComponent(location.pathname + location.search);
    message.append(el("p", {}, el("a", { href: `/signin?next=${here}` }, text("page.sign-in"))));
  }
  one("#problem").replaceChildren(message);
  one("#problem").scrollIntoView({ block: "nearest" });
}

/** Run a button's action: the button is busy until it ends, and a failure is shown. */
export async function run(button, work) {
  if (button.ariaBusy) return undefined;
  one("#problem").replaceChildren();
  // Busy and not disabled: a disabled button would lose the focus.
  button.ariaBusy = "true";
  try {
    return await work();
  } catch (error) {
    show(error);
    return undefined;
  } finally {
    button.ariaBusy = null;
  }
}

/** Call `handlers[name]` for clicks on `[data-action=name]`, also on elements that are added later. */
export function onAction(handlers) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    const handler = button && handlers[button.dataset.action];
    if (handler && !button.disabled) run(button, () => handler(button));
  });
}

/**
 * Return this browser's newest key that the ledger accepts. Without one, offer to make one, and
 * before one ends, the next one. Show what the browser lacks for signing, if anything.
 */
export async function start() {
  if (origin && origin !== location.origin) return (await import("./setup.js")).elsewhere(origin);
  const lack = await keystore.missing();
  if (lack) {
    show(new Told(lack));
    return undefined;
  }
  await keystore.tidy(me);
  if (!me.user) return undefined;
  const keys = await keystore.keysOf(me.ledger, me.user);
  const key = keys.find(({ kid }) => me.kids.includes(kid));
  // After a loss the person reaffirms the key of this browser, which then signs again.
  const waits = !key && keys.some(({ kid }) => me.unaffirmed.includes(kid));
  if (waits) one("#reaffirm").hidden = false;
  one("#setup").hidden = waits || (key && !endsSoon(key));
  if (!one("#setup").hidden) {
    // Loaded only now: a browser with a key does without it.
    const { offer } = await import("./setup.js");
    await offer(key, keys.length > 0);
  }
  return key;
}

function endsSoon({ home, expiresAt }) {
  return expiresAt && Date.parse(expiresAt) - now() < (SOON_MS[home] ?? SOON_MS.other);
}

async function copy({ dataset: { text: words, from } }) {
  await navigator.clipboard.writeText(words ?? one(from).innerText);
  say(text("page.copied"));
}

// Few pages have these buttons, so what they do is loaded when one is pressed.
const later = (act) => async (button) => (await import("./page-acts.js"))[act](button);

onAction({
  copy,
  "cancel-own-recovery": later("cancelRecovery"),
  "cancel-operator-recovery": later("cancelOperators"),
  reaffirm: later("reaffirm"),
  "accept-governance": later("acceptGovernance"),
});
if (one("#shortcuts")) import("./shortcuts.js");
// Loaded only where there are any.
if (one("#news")) import("./news.js").then(({ reveal }) => reveal());
// The secret of a link follows #, which no request carries: a change of language must not lose it.
one("#languages").addEventListener("submit", ({ target }) => {
  target.action += location.hash;
});
// Another tab still holds the key in its memory.
signedOut.addEventListener("message", async () => {
  try {
    (await import("./kept-draft.js")).forget(); // what only this tab keeps
  } finally {
    location.reload();
  }
});
