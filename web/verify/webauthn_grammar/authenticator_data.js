// Mirrors ledger.webauthn_grammar.authenticator_data: authenticator data (WebAuthn L3 section 6.1) and
// the attestation object around it (6.5). Both give the same reasons.

import { uint } from "../encoding.js";
import { refuse } from "../errors.js";
import { MAX_BYTES, parseCbor, parseCborPrefix } from "./cbor.js";
import { parseCoseKey, requireSignature } from "./cose.js";

const MAX_CREDENTIAL_ID_BYTES = 1_023;
const FORMAT = /^[\x00-\x7f]{1,32}$/;
export const BACKED_UP = 0x10;
const [PRESENT, VERIFIED, ELIGIBLE, ATTESTED, EXTENDED] = [0x01, 0x04, 0x08, 0x40, 0x80];
const HEAD_BYTES = 37;
const AAGUID_BYTES = 16;
const MEMBERS = ["fmt", "attStmt", "authData"];

function malformed(reason) {
  refuse("authenticator_data_malformed", `authenticator data: ${reason}`);
}

function malformedAttestation(reason) {
  refuse("attestation_malformed", `attestation object: ${reason}`);
}

/** Return `{format, statement, data, credential}` of an attestation object. */
export function parseAttestationObject(bytes) {
  const members = parseCbor(bytes);
  const named = members instanceof Map && MEMBERS.every((name) => members.has(name));
  if (!named || members.size !== MEMBERS.length) {
    malformedAttestation("not a map of fmt, attStmt and authData");
  }
  const [format, statement, raw] = MEMBERS.map((name) => members.get(name));
  if (typeof format !== "string" || !FORMAT.test(format)) {
    malformedAttestation("fmt is not 1 to 32 ASCII characters");
  }
  if (!(statement instanceof Map) || (format === "none" && statement.size)) {
    malformedAttestation("attStmt is not a map, or not empty although fmt is none");
  }
  if (!(raw instanceof Uint8Array)) malformedAttestation("authData is not a byte string");
  const parsed = parseRegistrationData(raw);
  if (format === "packed") requirePacked(statement, parsed.credential.key);
  return { format, statement, ...parsed };
}

/** Refuse a packed statement (section 8.2) with neither certificates nor the key's own form. */
function requirePacked(statement, key) {
  if (statement.has("x5c")) {
    const certificates = statement.get("x5c");
    if (!Array.isArray(certificates) || !certificates.length) {
      malformedAttestation("x5c is not a list of certificates");
    }
    return;
  }
  if (statement.get("alg") !== key.algorithm) malformedAttestation("alg does not match the new key");
  const signature = statement.get("sig");
  if (!(signature instanceof Uint8Array)) malformedAttestation("sig is not a byte string");
  requireSignature(signature, key);
}

/** Return `{data, credential}`: a registration's authenticator data and its new credential. */
export function parseRegistrationData(bytes) {
  const data = parseHead(bytes);
  if (!(data.flags & ATTESTED)) malformed("the new credential is missing");
  const [credential, end] = parseCredential(bytes);
  requireEnd(bytes, end, data.flags);
  return { data, credential };
}

/** Return an assertion's authenticator data; a new credential has no place in it. */
export function parseAssertionData(bytes) {
  const data = parseHead(bytes);
  if (data.flags & ATTESTED) malformed("an assertion contains a new credential");
  requireEnd(bytes, HEAD_BYTES, data.flags);
  return data;
}

export function requireCredentialId(bytes) {
  if (!bytes.length || bytes.length > MAX_CREDENTIAL_ID_BYTES) {
    malformed("a credential id must have 1 to 1,023 bytes");
  }
}

function parseHead(bytes) {
  if (bytes.length > MAX_BYTES) malformed("over 65,536 bytes");
  if (bytes.length < HEAD_BYTES) malformed("cut off");
  const flags = bytes[32]; // bits 1 and 5 are reserved: they are ignored, as bits 3 and 4 once were
  if (!(flags & PRESENT)) malformed("user presence is missing");
  if (!(flags & VERIFIED)) malformed("user verification is missing");
  if (flags & BACKED_UP && !(flags & ELIGIBLE)) {
    malformed("the credential is backed up but not eligible for backup");
  }
  return {
    bytes,
    rpIdHash: bytes.subarray(0, 32),
    flags,
    signCount: uint(bytes.subarray(33, HEAD_BYTES)),
  };
}

function parseCredential(bytes) {
  const lengthAt = HEAD_BYTES + AAGUID_BYTES;
  const idAt = lengthAt + 2;
  if (bytes.length < idAt) malformed("cut off");
  const keyAt = idAt + uint(bytes.subarray(lengthAt, idAt));
  if (bytes.length < keyAt) malformed("cut off");
  const id = bytes.subarray(idAt, keyAt);
  requireCredentialId(id);
  const end = parseCborPrefix(bytes, keyAt)[1];
  const rawKey = bytes.subarray(keyAt, end);
  const aaguid = bytes.subarray(HEAD_BYTES, lengthAt);
  return [{ aaguid, id, rawKey, key: parseCoseKey(rawKey) }, end];
}

/** Refuse bytes after `end`, but for one map of extensions where the flags announce it. */
function requireEnd(bytes, end, flags) {
  let last = end;
  if (flags & EXTENDED) {
    const [extensions, after] = parseCborPrefix(bytes, end);
    if (!(extensions instanceof Map)) malformed("extensions are not a map");
    last = after;
  }
  if (last !== bytes.length) malformed("bytes after its end");
}
