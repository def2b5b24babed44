// The COSE key of a new passkey: its exact bytes, out of the authenticator data (WebAuthn section 6.5.1).
// An add-passkey act names their SHA-256. The server reads the same bytes by its whole grammar.

const CREDENTIAL_AT = 55; // after the RP ID's hash, flags, sign count, AAGUID and the id's length
const [BYTES, TEXT, ARRAY, MAP] = [2, 3, 4, 5];

/** Return the COSE key in a registration's authenticator data. */
export function coseKey(authenticatorData) {
  const view = new DataView(authenticatorData.buffer, authenticatorData.byteOffset);
  const at = CREDENTIAL_AT + view.getUint16(CREDENTIAL_AT - 2);
  return authenticatorData.subarray(at, end(authenticatorData, at));
}

/** Return where the CBOR item that begins at `at` ends; a COSE key has definite lengths only. */
function end(bytes, at) {
  const [major, info] = [bytes[at] >> 5, bytes[at] & 31];
  const size = info < 24 ? 0 : 2 ** (info - 24);
  if (at >= bytes.length || size > 4) throw new RangeError("not a COSE key");
  let count = size ? 0 : info;
  for (let n = 1; n <= size; n += 1) count = count * 256 + bytes[at + n];
  let next = at + 1 + size;
  if (major === BYTES || major === TEXT) return next + count;
  const items = { [ARRAY]: count, [MAP]: 2 * count }[major] ?? 0;
  for (let n = 0; n < items; n += 1) next = end(bytes, next);
  return next;
}
