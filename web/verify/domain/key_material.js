// Mirrors ledger.domain.key_material: the RFC 7638 thumbprint of each public key that an event brings
// into the ledger. Each is used once, for one purpose.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { fromBase64Url } from "../encoding.js";
import { refuse } from "../errors.js";
import { thumbprint } from "../jose/keys.js";
import { COSIGNER, ED25519, parseVkey } from "../tlog/vkeys.js";
import { jwkOf, parseCoseKey } from "../webauthn_grammar/cose.js";

/** The beginning of the name that a public key takes. */
export const KEY_MATERIAL = "key-material/";

/** Return the thumbprint of a passkey's COSE key, base64url. */
export const ofPasskey = (publicKey) => thumbprint(jwkOf(parseCoseKey(fromBase64Url(publicKey))));

/** Return the thumbprints of log keys. */
export const ofVkeys = (vkeys) => Promise.all(vkeys.map(async (vkey) => ofNoteKey(await parseVkey(vkey))));

function ofNoteKey(key) {
  const text = toBase64Url(key.public);
  if (key.kind === ED25519 || key.kind === COSIGNER) return thumbprint({ crv: "Ed25519", kty: "OKP", x: text });
  return thumbprint({ alg: "ML-DSA-44", kty: "AKP", pub: text });
}

/** Refuse a witness that has a key of the ledger itself or of its people, by the names they claim. */
export async function requireIndependent(witnesses, claimed) {
  for (const key of witnesses) {
    if (claimed.has(`${KEY_MATERIAL}${await ofNoteKey(key)}`)) {
      refuse("key_shared", `the witness ${key.name} has a key of this ledger`);
    }
  }
}

/** Refuse a signing key that is one of the person's passkeys as well. */
export async function requireNoPasskey(kid, passkeys) {
  for (const { publicKey } of passkeys) {
    if (kid === (await ofPasskey(publicKey))) {
      refuse("key_known", "this public key is already in the ledger");
    }
  }
}
