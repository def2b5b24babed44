// Mirrors ledger.webauthn_grammar.cose: COSE keys of passkeys (RFC 9053), three algorithms with one kind
// of key each, and the form of their signatures. Both give the same reasons.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { concat, equal } from "../encoding.js";
import { refuse } from "../errors.js";
import { isPrimeOrder, isStrictSignature } from "../jose/ed25519.js";
import { importP256, importRaw, importRsa } from "../jose/keys.js";
import { parseCbor } from "./cbor.js";
import { isWeakModulus, toBigInt } from "./rsa_modulus.js";

const [EDDSA, ES256, RS256] = [-8, -7, -257];
const COORDINATE_BYTES = 32;
const [MIN_RSA_BITS, MAX_RSA_BITS] = [2_048, 4_096];
const RSA_EXPONENT = Uint8Array.of(1, 0, 1);
const [KTY, ALG, CRV] = [1, 3, -1];
// By algorithm: the key type, the curve (RSA has none), and the labels of the byte strings.
const KINDS = new Map([
  [EDDSA, { kty: 1, crv: 6, labels: [-2] }],
  [ES256, { kty: 2, crv: 1, labels: [-2, -3] }],
  [RS256, { kty: 3, crv: null, labels: [-1, -2] }],
]);
const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

function malformed(reason) {
  refuse("cose_key_malformed", `COSE key: ${reason}`);
}

/** Return `{algorithm, parts}` of a COSE key, its numbers checked. */
export function parseCoseKey(bytes) {
  const members = parseCbor(bytes);
  if (!(members instanceof Map)) malformed("not a map");
  const algorithm = members.get(ALG);
  if (!KINDS.has(algorithm)) malformed("an algorithm that is not supported");
  const { kty, crv, labels } = KINDS.get(algorithm);
  const names = [KTY, ALG, ...(crv === null ? [] : [CRV]), ...labels];
  if (members.size !== names.length || !names.every((name) => members.has(name))) {
    malformed("members are missing or unexpected");
  }
  if (members.get(KTY) !== kty) malformed("the key type does not match the algorithm");
  if (crv !== null && members.get(CRV) !== crv) malformed("the curve does not match the algorithm");
  const parts = labels.map((label) => members.get(label));
  if (!parts.every((part) => part instanceof Uint8Array)) {
    malformed("a member is not a byte string");
  }
  if (algorithm === RS256) requireRsa(...parts);
  else requirePoint(algorithm, parts);
  return { algorithm, parts };
}

function requirePoint(algorithm, parts) {
  if (parts.some((part) => part.length !== COORDINATE_BYTES)) {
    malformed("a coordinate that is not 32 bytes");
  }
  if (algorithm === EDDSA) {
    if (!isPrimeOrder(parts[0])) malformed("x is not a canonical Ed25519 point of prime order");
    return;
  }
  const [x, y] = parts.map(toBigInt);
  if (x >= P256 || y >= P256 || (y * y - x * x * x + 3n * x - P256_B) % P256 !== 0n) {
    malformed("x and y are not a point of P-256");
  }
}

function requireRsa(n, e) {
  if (!equal(e, RSA_EXPONENT)) malformed("an RSA exponent other than 65537");
  const fits = n.length * 8 >= MIN_RSA_BITS && n.length * 8 <= MAX_RSA_BITS && n[0] !== 0;
  if (!fits || (n.length * 8 === MIN_RSA_BITS && n[0] < 0x80)) {
    malformed("an RSA modulus of another length than 2,048 to 4,096 bits");
  }
  if (isWeakModulus(toBigInt(n))) malformed("the RSA modulus is easy to factor");
}

/** Refuse a signature of a form that no key of this kind makes; nothing is verified. */
export function requireSignature(signature, { algorithm, parts }) {
  let fits = false;
  if (algorithm === EDDSA) fits = isStrictSignature(signature);
  else if (algorithm === ES256) fits = fromDer(signature) !== null;
  else fits = signature.length === parts[0].length;
  if (!fits) refuse("signature_malformed", "signature: the format does not fit the algorithm");
}

/** Return the same key as a JWK. */
export function jwkOf({ algorithm, parts }) {
  const [first, second] = parts.map(toBase64Url);
  if (algorithm === EDDSA) return { crv: "Ed25519", kty: "OKP", x: first };
  if (algorithm === ES256) return { crv: "P-256", kty: "EC", x: first, y: second };
  return { e: second, kty: "RSA", n: first };
}

/** Return how a COSE key verifies: `(signature, data)` to a promise of true or false. */
export async function importCose({ algorithm, parts }) {
  if (algorithm === EDDSA) return importRaw("Ed25519", ...parts);
  if (algorithm === RS256) return importRsa(...parts);
  const verify = await importP256(...parts);
  return (signature, data) => verify(fromDer(signature), data);
}

/** Return r ‖ s, 32 bytes each, of the one DER form of two INTEGERs in [1, 2^256); else null. */
function fromDer(bytes) {
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes[1] > 0x7f) return null;
  const numbers = [];
  let at = 2;
  while (at < bytes.length) {
    const length = bytes[at + 1];
    const number = bytes.subarray(at + 2, at + 2 + length);
    if (bytes[at] !== 2 || !length || number.length !== length || number[0] & 0x80) return null;
    if (number[0] === 0 && !(number[1] & 0x80)) return null; // zero, or a zero too many
    const plain = number[0] === 0 ? number.subarray(1) : number;
    if (plain.length > COORDINATE_BYTES) return null;
    numbers.push(concat(new Uint8Array(COORDINATE_BYTES - plain.length), plain));
    at += 2 + length;
  }
  return numbers.length === 2 ? concat(...numbers) : null;
}
