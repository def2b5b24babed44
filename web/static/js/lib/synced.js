// A synced signing key: wrapped by a secret that only a passkey gives (WebAuthn's PRF extension), so
// that each browser with that passkey can open it. The server keeps it and cannot open it.
// docs/reference/formats.md has the form.

import { get, post } from "./api.js";
import { decode, encode } from "./b64u.js";
import { bytesOf, sha256 } from "./digest.js";
import { Told } from "./dom.js";
import { jcs } from "./jcs.js";
import * as keystore from "./keystore.js";
import { secretOf } from "./webauthn.js";
import { text } from "./texts.js";

const PURPOSE = "ledger-synced-key v1";
const NONCE_BYTES = 12;
const FIRST_BYTES = NONCE_BYTES + 32 + 16; // a nonce, an AES-256 key, and a tag

const purpose = (ledger) => `${PURPOSE}\n${ledger}`;

/** Return what a passkey makes its secret for this ledger from: 32 bytes. */
export const inputOf = (ledger) => sha256(purpose(ledger));

async function keyOf(secret, ledger) {
  if (!secret) {
    throw new Told(text("page.synced.no-secret"));
  }
  const from = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const info = bytesOf(purpose(ledger));
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  const aes = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(how, from, aes, false, ["wrapKey", "unwrapKey"]);
}

const gcm = (iv, { kid, ledger, user }) => {
  return { name: "AES-GCM", iv, additionalData: bytesOf(jcs({ kid, ledger, user })) };
};

async function wrapOne(format, inner, outer, about) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const wrapped = await crypto.subtle.wrapKey(format, inner, outer, gcm(iv, about));
  return [...iv, ...new Uint8Array(wrapped)];
}

/**
 * Return a private key wrapped for one passkey: a random key wraps it, and the passkey's secret
 * wraps that key. `about` has the ledger, the person and the kid: it opens for nothing else.
 */
export async function wrap(secret, privateKey, about) {
  const outer = await keyOf(secret, about.ledger);
  const inner = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["wrapKey"]);
  const first = await wrapOne("raw", inner, outer, about);
  return encode(new Uint8Array([...first, ...(await wrapOne("pkcs8", privateKey, inner, about))]));
}

/** Return the private key, which cannot be exported; throw Told if it does not open. */
export async function unwrap(secret, wrapped, about) {
  const outer = await keyOf(secret, about.ledger);
  const openOne = (format, bytes, key, type, use) => {
    const how = gcm(bytes.subarray(0, NONCE_BYTES), about);
    return crypto.subtle.unwrapKey(format, bytes.subarray(NONCE_BYTES), key, how, type, false, [use]);
  };
  try {
    const bytes = decode(wrapped);
    const first = bytes.subarray(0, FIRST_BYTES);
    const inner = await openOne("raw", first, outer, "AES-GCM", "unwrapKey");
    return await openOne("pkcs8", bytes.subarray(FIRST_BYTES), inner, "Ed25519", "sign");
  } catch (cause) {
    throw new Told(text("page.synced.fails"), { cause });
  }
}

/** Return this person's wrapped keys that the ledger accepts. */
export async function waiting({ kids }) {
  const { items } = await get("/api/wrapped-keys");
  return items.filter(({ kid }) => kids.includes(kid));
}

/** Open a synced key with a passkey, and keep it in this browser. */
export async function bring(me) {
  const items = await waiting(me);
  const { publicKey } = await post("/api/jwt-keys/options", {});
  const opens = ({ id }) => items.some(({ credentialId }) => credentialId === id);
  const allowCredentials = publicKey.allowCredentials.filter(opens);
  const { id, secret } = await secretOf({ ...publicKey, allowCredentials }, await inputOf(me.ledger));
  const { kid, wrapped } = items.findLast(({ credentialId }) => credentialId === id);
  const { ledger, user } = me;
  const privateKey = await unwrap(secret, wrapped, { kid, ledger, user });
  await keystore.keep({ ledger, user, kid, privateKey, home: "synced", expiresAt: null });
}
