// Keys of passkeys: COSE (RFC 9053) for EdDSA, ES256 and RS256, and their signatures.

import { concat } from "../encoding.js";
import { readCbor } from "./cbor.js";
import { refuse } from "../errors.js";
import { importP256, importRaw, importRsa } from "../jose/keys.js";

const MIN_RSA_BYTES = 256;
const [KTY, ALG, CRV, X, Y] = [1, 3, -1, -2, -3];
const [N, E] = [-1, -2];

/** Return `{algorithm, import}` of a COSE key; refuse every other kind. */
function parse(bytes) {
  const [key] = readCbor(bytes);
  if (!(key instanceof Map)) refuse("cose_invalid", "not a COSE key");
  const is = (kty, alg, crv) =>
    key.get(KTY) === kty && key.get(ALG) === alg && (crv === undefined || key.get(CRV) === crv);
  const member = (name) => {
    const value = key.get(name);
    return value instanceof Uint8Array ? value : refuse("cose_invalid", "a member is no bytes");
  };
  if (is(1, -8, 6)) return { algorithm: -8, load: () => importRaw("Ed25519", member(X)) };
  if (is(2, -7, 1)) return { algorithm: -7, load: () => importDer(member(X), member(Y)) };
  if (is(3, -257)) {
    const modulus = withoutZeros(member(N));
    if (modulus.length < MIN_RSA_BYTES) refuse("cose_invalid", "an RSA key under 2,048 bits");
    return { algorithm: -257, load: () => importRsa(modulus, withoutZeros(member(E))) };
  }
  return refuse("cose_invalid", "a key of another algorithm");
}

/** Return the COSE algorithm of a key. */
export const algorithmOf = (bytes) => parse(bytes).algorithm;

/** Return how a COSE key verifies. */
export const importCose = (bytes) => parse(bytes).load();

export async function verifyCose(verify, signature, data) {
  if (!(await verify(signature, data))) refuse("cose_invalid", "the signature does not verify");
}

/** Return how a P-256 key verifies WebAuthn's ECDSA signatures, which are DER. */
async function importDer(x, y) {
  const verify = await importP256(x, y);
  return (signature, data) => verify(fromDer(signature), data);
}

/** Return r ‖ s, 32 bytes each, of a DER SEQUENCE of two INTEGERs; accept one spelling. */
function fromDer(bytes) {
  const broken = () => refuse("cose_invalid", "not a DER signature");
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes[1] > 0x7f) broken();
  const numbers = [];
  let at = 2;
  while (at < bytes.length) {
    const length = bytes[at + 1];
    const number = bytes.subarray(at + 2, at + 2 + length);
    if (bytes[at] !== 2 || !length || number.length !== length || number[0] & 0x80) broken();
    if (length > 1 && number[0] === 0 && !(number[1] & 0x80)) broken();
    const plain = withoutZeros(number);
    if (plain.length > 32) broken();
    numbers.push(concat(new Uint8Array(32 - plain.length), plain));
    at += 2 + length;
  }
  return numbers.length === 2 ? concat(...numbers) : broken();
}

function withoutZeros(bytes) {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array() : bytes.subarray(first);
}
