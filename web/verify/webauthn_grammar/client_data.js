// Mirrors ledger.webauthn_grammar.client_data: what the browser says of a ceremony (WebAuthn L3 section
// 5.8.1). Both give the same reasons.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { parseJson, utf8 } from "../encoding.js";
import { isFinding, refuse } from "../errors.js";

const MAX_BYTES = 4_096;
const TOKEN_BINDINGS = ["present", "supported"];

function malformed(reason) {
  refuse("client_data_malformed", `client data: ${reason}`);
}

/** Refuse client data unless it is of this ceremony. */
export function requireClientData(bytes, { type, challenge, origin }) {
  const members = parse(bytes);
  if (members.type !== type) malformed("its type is of another ceremony");
  const expected = toBase64Url(challenge);
  if (members.challenge !== expected) malformed("the challenge is another one");
  // base64url never needs an escape
  if (!utf8(bytes).includes(`"${expected}"`)) malformed("the challenge is escaped");
  if (members.origin !== origin) malformed("the origin is another one");
  const framed = "crossOrigin" in members && members.crossOrigin !== false;
  if (framed || "topOrigin" in members) malformed("the ceremony ran in a cross-origin frame");
  if ("tokenBinding" in members) {
    const binding = members.tokenBinding; // of WebAuthn L2, gone from L3
    if (!isObject(binding) || !TOKEN_BINDINGS.includes(binding.status)) {
      malformed("an unknown token binding");
    }
  }
}

function parse(bytes) {
  if (bytes.length > MAX_BYTES) malformed("over 4,096 bytes");
  let value = null;
  try {
    value = parseJson(bytes, { exact: true });
  } catch (error) {
    if (!isFinding(error)) throw error;
    malformed("not I-JSON");
  }
  return isObject(value) ? value : malformed("not a JSON object");
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
