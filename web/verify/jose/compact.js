// Mirrors ledger.jose.compact: compact JWSs as the ledger accepts them. The header has at most
// four members; one key and one algorithm can verify the signature.

import { bytesOf } from "../../static/js/lib/digest.js";
import { fromBase64Url, parseJson } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { integer, optional, read, struct, text, withDefault } from "../shapes.js";
import { algorithmsOf, importJwk, thumbprint } from "./keys.js";

const MAX_HEADER_CHARS = 1024;
const HEADER = struct({ alg: text, kid: text, typ: withDefault(text, null), iat: optional(integer) });

/** Return the parts of a compact JWS, unverified; `payload` is still base64url text. */
export function parseCompact(source) {
  const parts = source.split(".", 4);
  if (parts.length !== 3 || !parts[2] || !/^[\x00-\x7f]*$/.test(source)) {
    refuse("jws_malformed", "not three base64url parts joined by dots");
  }
  const header = parseHeader(parts[0]);
  const signature = fromBase64Url(parts[2]);
  const signed = bytesOf(source.slice(0, source.lastIndexOf(".")));
  return { text: source, header, payload: parts[1], signature, signed };
}

function parseHeader(part) {
  if (part.length > MAX_HEADER_CHARS) refuse("jws_header_invalid", "the header is too long");
  try {
    return read(HEADER, parseJson(fromBase64Url(part)), "jws_header_invalid");
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal("jws_header_invalid", error.message);
    throw error;
  }
}

/** Verify the signature over the transmitted bytes with exactly this key. */
export async function verifyCompact(jws, jwk) {
  if (!algorithmsOf(jwk).includes(jws.header.alg)) {
    refuse("jws_alg_mismatch", "the header's alg does not match the key");
  }
  if (jws.header.kid !== (await thumbprint(jwk))) {
    refuse("jws_kid_mismatch", "the header names another key");
  }
  const verify = await importJwk(jwk);
  if (!(await verify(jws.signature, jws.signed))) {
    refuse("jws_signature_invalid", "the signature is invalid");
  }
}

/** Return the payload in this shape; refuse any other payload with this code and detail. */
export function readPayload(jws, shape, code, detail) {
  try {
    return read(shape, parseJson(fromBase64Url(jws.payload)), code);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(code, detail);
    throw error;
  }
}

/** Return one General JSON JWS (RFC 7515 section 7.2.1) of compact JWSs over one payload. */
export function general(compacts) {
  const parts = compacts.map((compact) => compact.split(".", 3));
  const signatures = parts.map(([header, , signature]) => ({ protected: header, signature }));
  return JSON.stringify({ payload: parts[0][1], signatures });
}
