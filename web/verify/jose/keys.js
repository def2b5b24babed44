// Mirrors ledger.jose.keys: public keys of people and passkeys, and a verify function for each.
// A key has one algorithm.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { sha256 } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";
import { concat, fromBase64Url } from "../encoding.js";
import { refuse, Refusal, Unknown } from "../errors.js";
import { either, oneOf, struct, text } from "../shapes.js";
import { isPrimeOrder, isStrictSignature, isStrongEncoding } from "./ed25519.js";

/** An Ed25519 key's JWK. */
export const ed25519Jwk = struct({ kty: oneOf("OKP"), crv: oneOf("Ed25519"), x: text });

/** A signing key's JWK in an event: only the members that the thumbprint covers. */
export const publicJwk = either(
  ed25519Jwk,
  struct({ kty: oneOf("EC"), crv: oneOf("P-256"), x: text, y: text }),
  struct({ kty: oneOf("AKP"), alg: oneOf("ML-DSA-65"), pub: text }),
);

const ALGORITHMS = { OKP: ["EdDSA", "Ed25519"], EC: ["ES256"], AKP: ["ML-DSA-65"] };
const PUBLIC_BYTES = { "Ed25519": 32, "ML-DSA-44": 1312, "ML-DSA-65": 1952 };
const SIGNATURE_BYTES = { "ML-DSA-44": 2420, "ML-DSA-65": 3309 };
const COORDINATE_BYTES = 32;
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };

export const algorithmsOf = (jwk) => ALGORITHMS[jwk.kty];

/** Return the RFC 7638 SHA-256 thumbprint of a public JWK. */
export const thumbprint = async (jwk) => toBase64Url(await sha256(jcs(jwk)));

const imported = new Map();

/** Return the verify function of a JWK: `(signature, data)` to a promise of true or false. */
export function importJwk(jwk) {
  const name = jcs(jwk);
  if (!imported.has(name)) {
    const key = importOnce(jwk);
    key.catch(() => imported.delete(name)); // so that each use of a bad key throws an error of its own
    imported.set(name, key);
  }
  return imported.get(name);
}

/** Refuse an Ed25519 key that is not of prime order; what a person attests is of that order. */
export function requirePrimeOrder(jwk) {
  if (jwk.kty === "OKP" && !isPrimeOrder(fromBase64Url(jwk.x, "jwk_invalid"))) {
    refuse("jwk_invalid", "the Ed25519 key is outside the prime-order subgroup");
  }
}

async function importOnce(jwk) {
  const bytes = (member) => fromBase64Url(jwk[member], "jwk_invalid");
  if (jwk.kty === "OKP") return importEd25519(bytes("x"));
  if (jwk.kty === "AKP") return importRaw(jwk.alg, bytes("pub"));
  return importP256(bytes("x"), bytes("y"));
}

/** Return the verify function of an Ed25519 key; refuse weak and malformed keys. */
export async function importEd25519(bytes) {
  if (!isStrongEncoding(bytes)) refuse("jwk_invalid", "the Ed25519 key is weak or malformed");
  return importRaw("Ed25519", bytes);
}

/** Return the verify function of an Ed25519 or ML-DSA key; WebCrypto imports its raw bytes. */
export async function importRaw(algorithm, bytes) {
  if (bytes.length !== PUBLIC_BYTES[algorithm]) refuse("jwk_invalid", "a key of another length");
  const format = algorithm === "Ed25519" ? "raw" : "raw-public";
  const key = await importKey(format, bytes, algorithm, algorithm);
  const fits = (signature) =>
    algorithm === "Ed25519"
      ? isStrictSignature(signature)
      : signature.length === SIGNATURE_BYTES[algorithm];
  return async (signature, data) =>
    fits(signature) && crypto.subtle.verify(algorithm, key, signature, data);
}

/** Return the verify function of a P-256 key for JOSE's signatures, r ‖ s (RFC 7518 section 3.4). */
export async function importP256(x, y) {
  if (x.length !== COORDINATE_BYTES || y.length !== COORDINATE_BYTES) {
    refuse("jwk_invalid", "a coordinate has the wrong length");
  }
  const point = concat(Uint8Array.of(4), x, y);
  const key = await importKey("raw", point, P256, "ES256");
  return async (signature, data) =>
    signature.length === 2 * COORDINATE_BYTES && crypto.subtle.verify(ES256, key, signature, data);
}

/** Return the verify function of an RSA key for RS256 (RFC 8812). */
export async function importRsa(n, e) {
  const scheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const jwk = { kty: "RSA", n: toBase64Url(n), e: toBase64Url(e) };
  const key = await importKey("jwk", jwk, scheme, "RS256");
  return (signature, data) => crypto.subtle.verify(scheme.name, key, signature, data);
}

async function importKey(format, data, algorithm, name) {
  try {
    return await crypto.subtle.importKey(format, data, algorithm, false, ["verify"]);
  } catch (error) {
    // DataError: the browser has the algorithm and rejects the key. Else it lacks the algorithm.
    if (error.name === "DataError") throw new Refusal("jwk_invalid", "the public key is not usable");
    throw new Unknown("algorithm_unknown", `this browser does not verify ${name}`);
  }
}
