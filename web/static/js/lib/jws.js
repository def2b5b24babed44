// Compact JWSs (RFC 7515): approvals and acts, signed by this browser's key.

import { decode, encode } from "./b64u.js";
import { now } from "./clock.js";
import { bytesOf, sha256 } from "./digest.js";
import { jcs } from "./jcs.js";

const ALG = "EdDSA";

const parsed = (part) => JSON.parse(new TextDecoder().decode(decode(part)));

/** Return an Ed25519 public key's kid: its RFC 7638 thumbprint. */
export async function thumbprint({ crv, kty, x }) {
  return encode(await sha256(jcs({ crv, kty, x })));
}

/** Return the time in seconds, as members `iat` have it. */
export const nowSeconds = () => Math.floor(now() / 1000);

/** Return a compact JWS over these bytes. */
export async function sign(key, header, payload) {
  const protectedHeader = encode(bytesOf(jcs({ alg: ALG, kid: key.kid, ...header })));
  const signingInput = `${protectedHeader}.${encode(payload)}`;
  const signature = await crypto.subtle.sign("Ed25519", key.privateKey, bytesOf(signingInput));
  return `${signingInput}.${encode(new Uint8Array(signature))}`;
}

/** Return a signed time, in seconds: now, or the next second after an earlier decision's. */
const later = (after) => Math.max(nowSeconds(), after + 1);

/** Return an approval in the shared form: its payload is exactly the document's bytes. */
export function signApproval(key, document, { after = 0 } = {}) {
  return sign(key, { typ: "JWT", iat: later(after) }, document);
}

/** Return a signed act, e.g. `signAct(key, ledger, "reject", {statementId, sha256, reason})`. */
export function signAct(key, ledger, act, members, { after = 0 } = {}) {
  const payload = jcs({ ...members, act, iat: later(after), ledger });
  return sign(key, { typ: "act+jwt" }, bytesOf(payload));
}

/**
 * Return the signed time of a decision, in seconds: an act's, or an approval's in either form. It is
 * 0 if the server left out the payload that states it, which is long.
 */
export function signedAt(jws) {
  const [header, payload] = jws.split(".", 2);
  const { typ, iat } = parsed(header);
  if (typ !== "act+jwt" && iat !== undefined) return iat;
  if (!payload) return 0;
  const said = parsed(payload);
  return said.iat ?? Math.floor(said.timestamp / 1000);
}

/** Return the payload's bytes of a JWS that verifies with this Ed25519 key, or null; throw for junk. */
export async function verify(jws, jwk, kid) {
  const { crv, kty, x } = jwk;
  const key = await crypto.subtle.importKey("jwk", { crv, kty, x }, "Ed25519", false, ["verify"]);
  const [header, payload, signature, ...more] = jws.split(".", 4);
  const { alg, kid: named } = parsed(header);
  if (more.length || !["EdDSA", "Ed25519"].includes(alg)) return null;
  if (named !== kid || kid !== (await thumbprint(jwk))) return null;
  const input = bytesOf(`${header}.${payload}`);
  const holds = await crypto.subtle.verify("Ed25519", key, decode(signature), input);
  return holds ? decode(payload) : null;
}
