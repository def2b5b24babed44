// What every page does: read who is signed in, show messages, and offer to set up this browser.

import { CeremonyError } from "./webauthn.js";
import { post, settle } from "./api.js";
import { attestKey } from "./attestation.js";
import { now } from "./clock.js";
import { Told, all, el, one, put } from "./dom.js";
import * as keystore from "./keystore.js";

const { ledger, user, name, kids = "" } = document.body.dataset;

const QUIET_MS = 5000;
// How long before its end the next key is offered: 14 days, and half an hour for a session's key.
const SOON_MS = { session: 30 * 60_000, other: 14 * 86_400_000 };
const signedOut = new BroadcastChannel("signed-out");
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

/** Return the home that the person chose for a new key. */
export const chosenHome = (form) => one("input[name=home]:checked", form).value;

/** Make and attest a key for this browser. */
async function setUp() {
  say("Waiting for your device…");
  const options = await post("/api/jwt-keys/options", {});
  const { ceremony } = options;
  const { position } = await attestKey(options, chosenHome(one("#setup")), (key) =>
    post("/api/jwt-keys", { ceremony, key }),
  );
  await settle(position);
  location.reload();
}

/** Open a synced key of this person in this browser. */
async function bring() {
  const { bring: open } = await import("./synced.js");
  say("Waiting for your device…");
  await open(me);
  location.reload();
}

/**
 * Return this browser's newest key that the ledger accepts; otherwise offer to make one, and before
 * one ends, the next one. Show what the browser lacks for signing, if anything.
 */
export async function start() {
  const lack = await keystore.missing();
  if (lack) {
    show(new Told(lack));
    return undefined;
  }
  await Promise.all([keystore.tidy(me), offerHomes()]);
  if (!me.user) return undefined;
  const keys = await keystore.keysOf(me.ledger, me.user);
  const key = keys.find(({ kid }) => me.kids.includes(kid));
  offerSetUp(key, keys.length > 0);
  if (!key && me.kids.length) await offerSynced();
  return key;
}

/** Offer the home "synced" where the browser can ask a passkey for a secret. */
async function offerHomes() {
  const can = await PublicKeyCredential.getClientCapabilities?.();
  if (can?.["extension:prf"]) for (const each of all("[data-synced]")) each.hidden = false;
}

async function offerSynced() {
  const { waiting } = await import("./synced.js");
  const found = await waiting(me).catch(() => []); // without an answer a new key can be set up
  one("#setup [data-action=bring]").hidden = found.length === 0;
}

function offerSetUp(key, hadOne) {
  const place = one("#setup");
  const leftMs = key?.expiresAt ? Date.parse(key.expiresAt) - now() : Infinity;
  place.hidden = key && leftMs > (SOON_MS[key.home] ?? SOON_MS.other);
  if (place.hidden) return;
  if (key) {
    one("h2", place).textContent = "This browser's signing key ends soon";
    const end = new Date(Date.parse(key.expiresAt)).toLocaleString();
    put(place, "text", `It signs until ${end}. Set up the next one now, with your passkey.`);
  } else if (hadOne) {
    put(place, "text", "The key that it had is no longer accepted: set up a new one.");
  }
}

/** End the session here and in every other tab, with the keys that were for this session. */
export async function signOut() {
  // The keys first: if the ledger does not answer, nobody can sign with them all the same.
  await keystore.leave(me.ledger);
  await post("/api/logout", {});
  signedOut.postMessage(me.user);
  location.assign("/");
}

async function copy({ dataset: { text, from } }) {
  await navigator.clipboard.writeText(text ?? one(from).innerText);
  say("Copied.");
}

onAction({ "set-up": setUp, bring, copy });
// Another tab still holds the key in its memory.
signedOut.addEventListener("message", () => location.reload());
