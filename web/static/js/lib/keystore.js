// The signing keys of this browser, in IndexedDB, each as a CryptoKey that cannot be exported. The
// page can sign with it; nothing can read it. They are kept by ledger, person and kid: no tab
// replaces a key of another one.

import { now } from "./clock.js";
import { thumbprint } from "./jws.js";
import { text } from "./texts.js";

const DATABASE = "ledger";
const VERSION = 2;
const STORE = "keys";
const HOUR_MS = 3_600_000;
// The ledger takes a key of a session for 12 hours at most; the minute is for the request.
const SESSION_MS = 12 * HOUR_MS - 60_000;
// A key that is being attested is not accepted yet; one this old never will be again.
const UNKNOWN_MS = 24 * HOUR_MS;
// This cookie says nothing. It lasts until the browser closes, and the keys of a session with it.
const VISIT = "ledger_visit=1";

const everything = (...prefix) => IDBKeyRange.bound(prefix, [...prefix, []]);
const ED25519 = { name: "Ed25519" };
const generate = (copied) => crypto.subtle.generateKey(ED25519, copied, ["sign", "verify"]);

/**
 * Make a key for this person on this ledger, store it and read it back. `home` is `device`, `session`
 * for a key that ends with the session, or `synced`: only then `exportable` can be exported.
 */
export async function make(ledger, user, home) {
  const { privateKey: exportable, publicKey } = await generate(home === "synced");
  const privateKey = home === "synced" ? await locked(exportable) : exportable;
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", publicKey);
  const jwk = { crv, kty, x };
  const kid = await thumbprint(jwk);
  const expiresAt = home === "session" ? new Date(now() + SESSION_MS).toISOString() : null;
  if (home === "session") beginVisit();
  const key = await keep({ ledger, user, kid, jwk, privateKey, home, expiresAt });
  return { key, exportable };
}

async function locked(exportable) {
  const bytes = await crypto.subtle.exportKey("pkcs8", exportable);
  return crypto.subtle.importKey("pkcs8", bytes, ED25519, false, ["sign"]);
}

/** Store a key, and return it as it was read back. */
export async function keep(key) {
  const place = [key.ledger, key.user, key.kid];
  await transaction("readwrite", (store) => store.put({ ...key, madeAt: now() }, place));
  return transaction("readonly", (store) => store.get(place));
}

/** Return this browser's keys of this person on this ledger, the newest first. */
export async function keysOf(ledger, user) {
  const keys = await transaction("readonly", (store) => store.getAll(everything(ledger, user)));
  return keys.sort((a, b) => b.madeAt - a.madeAt);
}

/** Delete one key. */
export async function forget({ ledger, user, kid }) {
  await transaction("readwrite", (store) => store.delete([ledger, user, kid]));
}

/** Delete the keys of sessions: the person leaves. */
export const leave = (ledger) => forgetAll(ledger, ({ home }) => home === "session");

/**
 * Delete the keys of this ledger that are over: expired ones, those of a session that has ended or
 * is another person's, and this person's that the ledger does not accept a day after they were made.
 */
export function tidy({ ledger, user, kids, unaffirmed }) {
  const known = [...kids, ...unaffirmed];
  const visiting = document.cookie.split("; ").includes(VISIT);
  return forgetAll(ledger, (key) => {
    if (key.expiresAt && Date.parse(key.expiresAt) <= now()) return true;
    if (key.home === "session" && (key.user !== user || !visiting)) return true;
    return key.user === user && !known.includes(key.kid) && key.madeAt + UNKNOWN_MS < now();
  });
}

async function forgetAll(ledger, over) {
  const keys = await transaction("readonly", (store) => store.getAll(everything(ledger)));
  for (const key of keys.filter(over)) await forget(key);
}

function beginVisit() {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${VISIT}; Path=/; SameSite=Strict${secure}`;
}

/** Return what this browser lacks for signing, as a sentence; "" when it has everything. */
export async function missing() {
  if (!window.isSecureContext) return text("page.no-https");
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
    return text("page.no-passkeys");
  }
  let key;
  try {
    key = (await generate(false)).privateKey;
  } catch {
    return text("page.no-keys");
  }
  const place = crypto.randomUUID();
  try {
    // A private window may refuse the write, or lose the key. Each tab has its own place.
    await transaction("readwrite", (store) => store.put(key, place));
    const kept = await transaction("readonly", (store) => store.get(place));
    await crypto.subtle.sign("Ed25519", kept, new Uint8Array(1));
    await transaction("readwrite", (store) => store.delete(place));
  } catch {
    return text("page.no-store");
  }
  return "";
}

async function transaction(mode, use) {
  const database = await open();
  try {
    const store = database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
    const request = use(store);
    return await new Promise((resolve, reject) => {
      // Wait for the transaction, not the request: only then is the key on the disk.
      store.transaction.oncomplete = () => resolve(request.result);
      store.transaction.onabort = () => reject(store.transaction.error);
    });
  } finally {
    database.close();
  }
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      for (const old of request.result.objectStoreNames) request.result.deleteObjectStore(old);
      request.result.createObjectStore(STORE);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
