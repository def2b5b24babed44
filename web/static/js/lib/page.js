// What every page does: read who is signed in, show messages, and offer to set up this browser.

import { CeremonyError, attestKey } from "./webauthn.js";
import { post, settle } from "./api.js";
import { Told, el, one, put } from "./dom.js";
import * as keystore from "./keystore.js";

const { ledger, user, name, kids = "" } = document.body.dataset;

const QUIET_MS = 5000;
let quietUntil = 0;
let waiting = 0;

/** The signed-in person, as the server rendered this page; `user` is undefined for nobody. */
export const me = { ledger, user, name, kids: kids.split(" ").filter(Boolean) };

/** Announce to screen readers at once; the focus does not move. */
export function say(text) {
  clearTimeout(waiting);
  quietUntil = Date.now() + QUIET_MS;
  one("#status").textContent = text;
}

/** Announce at the next pause; a newer sentence replaces one that waits. */
export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(say, quietUntil - Date.now(), text);
}

/** Show an error message; it replaces an older one. */
export function show(error) {
  const told = error instanceof Told;
  if (!told) console.error(error);
  const text = told ? error.message : "Something in this page failed. Nothing was signed.";
  // A cancelled prompt is not a failure, and must not look like one.
  const tone = error instanceof CeremonyError ? "waiting" : "rejected";
  const message = el("div", { class: `notice ${tone}` }, el("p", {}, text));
  if (error.status === 401) {
    const here = encodeURIComponent(location.pathname + location.search);
    message.append(el("p", {}, el("a", { href: `/signin?next=${here}` }, "Sign in")));
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

/** Make and attest a key for this browser. */
async function setUp() {
  say("Waiting for your device…");
  const options = await post("/api/jwt-keys/options", {});
  const { key, body } = await attestKey(options);
  // Store the key before sending it: if the answer is lost, the attested key is still here.
  await keystore.keep(options.ledger, options.user, key);
  const { position } = await post("/api/jwt-keys", { ceremony: options.ceremony, key: body });
  await settle(position);
  location.reload();
}

/**
 * Return this browser's key if the ledger accepts it; otherwise offer to make one. Show what the
 * browser lacks for signing, if anything.
 */
export async function start() {
  const lack = await keystore.missing();
  if (lack) {
    show(new Told(lack));
    return undefined;
  }
  if (!me.user) return undefined;
  const key = await keystore.find(me.ledger, me.user);
  if (key && me.kids.includes(key.kid)) return key;
  if (key) put(one("#setup"), "text", "The key that it had is no longer accepted: set up a new one.");
  one("#setup").hidden = false;
  return undefined;
}

async function copy({ dataset: { text, from } }) {
  await navigator.clipboard.writeText(text ?? one(from).innerText);
  say("Copied.");
}

onAction({ "set-up": setUp, copy });
