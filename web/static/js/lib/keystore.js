// The signing keys of this browser: one for each ledger and person, in IndexedDB, as a CryptoKey
// that cannot be exported. The page can sign with it; nothing can read it.

import { thumbprint } from "./jws.js";

const STORE = "signing-keys";

/** Return a new key, not yet stored: `{kid, jwk, privateKey}`; `jwk` is the public half. */
export async function generate() {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = { crv, kty, x };
  return { kid: await thumbprint(jwk), jwk, privateKey: pair.privateKey };
}

/** Store this browser's key for this person on this ledger; it replaces an older one. */
export async function keep(ledger, user, key) {
  await transaction("readwrite", (store) => store.put({ ...key, ledger, user }, [ledger, user]));
}

/** Return this browser's key for this person on this ledger, or undefined. */
export function find(ledger, user) {
  return transaction("readonly", (store) => store.get([ledger, user]));
}

/** Delete the key `kid`, but not a newer key that replaced it. */
export async function forget(ledger, user, kid) {
  const key = await find(ledger, user);
  if (key?.kid === kid) {
    await transaction("readwrite", (store) => store.delete([ledger, user]));
  }
}

/** Return what this browser lacks for signing, as a sentence; "" when it has everything. */
export async function missing() {
  if (!window.isSecureContext) return "Signing needs an address with https, or localhost.";
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
    return "This browser lacks passkeys. Chrome 129, Firefox 119, Safari 18.4 or later have them.";
  }
  try {
    await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  } catch {
    return "This browser lacks Ed25519 keys. Chrome 137, Firefox 129, Safari 17 or later have them.";
  }
  try {
    // A private window may open the database and refuse only the write.
    await transaction("readwrite", (store) => store.put({ probe: true }, "probe"));
    await transaction("readwrite", (store) => store.delete("probe"));
  } catch {
    return "This browser refuses to store a key: leave the private window, or allow site data.";
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
    const request = indexedDB.open("ledger", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
