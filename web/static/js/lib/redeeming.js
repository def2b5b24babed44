// The secret of a link is a key: HKDF-SHA-256 (RFC 5869) leads from its 16 bytes to an Ed25519 key,
// which signs for the passkey that the link admits. The secret stays in the address's fragment,
// which no browser sends; the log holds the public key only.

import { decode, encode } from "./b64u.js";
import { bytesOf, sha256Hex } from "./digest.js";
import { Told } from "./dom.js";
import { jcs } from "./jcs.js";
import { nowSeconds, sign, thumbprint } from "./jws.js";
import { text } from "./texts.js";

const SECRET_BYTES = 16;
const SEED_BITS = 256;
// An Ed25519 seed in PKCS #8 (RFC 8410 section 7): these bytes, then the seed.
const PKCS8 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);
const INVITATION = "invitation";
// The page that each kind of link opens; the kind is also what the link's key signs for.
const PAGES = { [INVITATION]: "/register", "re-enrolment": "/recover" };

/** Return a new random secret for a link. */
export const newSecret = () => encode(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));

/** Return the link of a kind that carries a secret. */
export const linkOf = (secret, kind = INVITATION) => `${location.origin}${PAGES[kind]}#${kind}=${secret}`;

/** Return the secret of a kind of link in this page's address, null without one. */
export const secretHere = (kind = INVITATION) => new URLSearchParams(location.hash.slice(1)).get(kind);

/** Return the key of a secret on this ledger, as `keystore.generate` does. */
export async function keyOf(secret, ledger) {
  const seed = await seedOf(bytesOfSecret(secret), ledger);
  const pkcs8 = Uint8Array.of(...PKCS8, ...seed);
  const whole = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", whole);
  const jwk = { crv, kty, x };
  return { kid: await thumbprint(jwk), jwk, privateKey: whole };
}

function bytesOfSecret(secret) {
  try {
    const bytes = decode(secret);
    if (bytes.length === SECRET_BYTES) return bytes;
  } catch {
    // no base64url: the link was cut or changed
  }
  throw new Told(text("page.broken-link"));
}

async function seedOf(bytes, ledger) {
  const base = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);
  const info = bytesOf(`ledger redeem v1\n${ledger}`);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf, base, SEED_BITS));
}

function signRedeem(key, members) {
  const payload = jcs({ ...members, act: "redeem", iat: nowSeconds() });
  return sign(key, { typ: "redeem+jwt" }, bytesOf(payload));
}

/** Return the JWS that redeems the secret of a link or code for a new passkey of this person. */
export const redeemFor = (purpose, key, { cose, ledger, user }) =>
  signRedeem(key, { cose, ledger, purpose, user });

/** Return the JWS that redeems an invitation, and accepts the governance policy that its role needs. */
export async function redeemInvitation(key, { cose, ledger, user, governance }) {
  const accepts = governance && { accepts: await sha256Hex(jcs(governance)) };
  return signRedeem(key, { cose, ledger, purpose: INVITATION, user, ...accepts });
}
