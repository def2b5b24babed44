// What every page does: know who is here, say what happened, and offer to set up this browser.

import { CeremonyError, attestKey } from "./webauthn.js";
import { NoAnswer, Problem, post, settle } from "./api.js";
import { all, el, one, put } from "./dom.js";
import * as keystore from "./keystore.js";

const { ledger, user, name, kids = "" } = document.body.dataset;

/** The signed-in person, as the server rendered this page; `user` is undefined for nobody. */
export const me = { ledger, user, name, kids: kids.split(" ").filter(Boolean) };

/** Tell screen readers, without moving anybody. */
export function say(text) {
  one("#status").textContent = text;
}

/** Show what went wrong, in place of an older message. */
export function show(error) {
  const expected = error instanceof CeremonyError || error instanceof Problem || error instanceof NoAnswer;
  if (!expected) console.error(error);
  const text = expected ? error.message : "Something in this page failed. Nothing was signed.";
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

/** Run what a button stands for: busy meanwhile, and what goes wrong is shown. */
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

/** Call `handlers[name]` for clicks on `[data-action=name]`, also on what is swapped in later. */
export function onAction(handlers) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    const handler = button && handlers[button.dataset.action];
    if (handler) run(button, () => handler(button));
  });
}

/** Return this browser's key if the ledger still accepts it, else undefined. */
export async function signingKey() {
  const key = me.user && (await keystore.find(me.ledger, me.user));
  return key && me.kids.includes(key.kid) ? key : undefined;
}

/** Make and attest a key for this browser. */
export async function setUp() {
  say("Waiting for your device…");
  const options = await post("/api/jwt-keys/options", {});
  const { key, body } = await attestKey(options);
  // Kept before it is sent: a lost answer must not leave an attested key that nobody holds.
  await keystore.keep(options.ledger, options.user, key);
  const { position } = await post("/api/jwt-keys", { ceremony: options.ceremony, key: body });
  await settle(position);
}

/** Enable the page's buttons, or say what this browser lacks. */
export async function start({ needsKey = true } = {}) {
  localTimes();
  const lack = await keystore.missing();
  if (lack) {
    show(new Problem(0, "unsupported", lack));
    return undefined;
  }
  if (!me.user) return undefined;
  const key = await signingKey();
  if (!key && needsKey) {
    const old = await keystore.find(me.ledger, me.user);
    const section = one("#setup");
    if (old) put(section, "text", "The key that it had was revoked or is not known any more. Set up a new one with your passkey.");
    section.hidden = false;
  }
  return key;
}

/** Say beside each time what it is here. */
export function localTimes(from = document) {
  for (const time of all("time", from)) {
    const style = { dateStyle: "long", timeStyle: "long" };
    time.title = new Date(time.dateTime).toLocaleString(undefined, style);
  }
}

onAction({
  "set-up": async () => {
    await setUp();
    location.reload();
  },
});
