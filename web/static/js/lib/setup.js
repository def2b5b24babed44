// Gives a browser a signing key: a new one with a home that the person chooses, or their synced one.

import { post, settle } from "./api.js";
import { attestKey } from "./attestation.js";
import { Told, all, el, one, put } from "./dom.js";
import { me, onAction, say, show } from "./page.js";
import { localTime, text } from "./texts.js";

/** Return the home that the person chose for a new key. */
export const chosenHome = (form) => one("input[name=home]:checked", form).value;

/** Say that the passkeys of this ledger work at its own address only, and lead there. */
export function elsewhere(origin) {
  const { host, pathname, search, hash } = location;
  show(new Told(text("page.elsewhere", { host })));
  const there = el("a", { href: origin + pathname + search + hash }, text("page.open-there", { origin }));
  one("#problem .notice").append(el("p", {}, there));
}

/**
 * Offer the home "synced" where the browser can ask a passkey for a secret. Return whether it can
 * make a key with a home that the charter allows.
 */
export async function offerHomes() {
  const can = await PublicKeyCredential.getClientCapabilities?.();
  const asks = Boolean(can?.["extension:prf"]);
  for (const each of all("[data-synced]")) each.hidden = !asks;
  const none = all("[data-no-home]");
  for (const each of none) each.hidden = asks;
  return asks || none.length === 0;
}

/** Say why this browser needs a key, and how it can get one. */
export async function offer(key, hadOne) {
  const place = one("#setup");
  if (key) {
    one("h2", place).textContent = text("page.ends-soon");
    put(place, "text", text("page.signs-until", { time: localTime(key.expiresAt) }));
  } else if (hadOne) {
    put(place, "text", text("page.key-over"));
  }
  one("[data-action=set-up]", place).disabled = !(await offerHomes());
  if (!key && me.kids.length) await offerSynced(place);
}

async function offerSynced(place) {
  const { waiting } = await import("./synced.js");
  const found = await waiting(me).catch(() => []); // without an answer a new key can be set up
  one("[data-action=bring]", place).hidden = found.length === 0;
}

/** Make and attest a key for this browser. */
async function setUp() {
  say(text("page.waiting"));
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
  say(text("page.waiting"));
  await open(me);
  location.reload();
}

onAction({ "set-up": setUp, bring });
