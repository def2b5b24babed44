// Mirrors ledger.domain.passkey.
// WebAuthn offline: what a registration response and an assertion have to show (L3 sections 7.1
// and 7.2). User presence and verification are required; relying party and origin are the ledger's.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { hex, sha256, sha256Hex } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";
import { concat, equal, fromBase64Url, uint, utf8 } from "../encoding.js";
import { readCbor } from "./cbor.js";
import { algorithmOf, importCose, verifyCose } from "./cose.js";
import { Refusal, refuse, Unknown } from "../errors.js";

const REGISTRATION = "passkey_registration_refused";
const ASSERTION = "passkey_assertion_refused";
const [PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED] = [1, 4, 8, 16, 64, 128];
const FORMS = ["packed", "fido-u2f", "tpm", "apple", "android-safetynet", "android-key"];
const ATTESTATION_MEMBERS = ["sig", "x5c", "response", "alg", "ver", "certInfo", "pubArea"];

/** Return the 32 bytes that a passkey and a new signing key both sign. */
export function attestationChallenge({ kid, ledger, nonce, user, expiresAt }) {
  const ends = expiresAt === null ? {} : { expiresAt };
  return sha256(jcs({ kid, ledger, nonce, purpose: "attest-signing-key", user, ...ends }));
}

/** Return the 32 bytes that a passkey signs to confirm one decision (assurance `passkey`). */
export async function confirmationChallenge({ jws, ledger, documentSha256 }) {
  const statement = { jws: await sha256Hex(jws), sha256: documentSha256 };
  return sha256(jcs({ ...statement, ledger, purpose: "confirm-decision" }));
}

/** Verify a registration response and return its passkey, as `passkey-added.v1` records it. */
export async function verifyRegistration(evidence, credentialId, { challenge, party }) {
  const clientData = readClientData(evidence.clientDataJSON, REGISTRATION);
  const raw = [credentialId, evidence.clientDataJSON, evidence.attestationObject];
  const [, clientBytes, object] = raw.map((text) => fromBase64Url(text));
  return within(REGISTRATION, async () => {
    requireClientData(clientData, "webauthn.create", challenge, party);
    const attestation = readMap(object);
    const data = readAuthenticatorData(attestation.get("authData"));
    await requireAuthenticator(data, party);
    if (!data.publicKey) refuse(REGISTRATION, "no credential in the response");
    if (toBase64Url(data.credentialId) !== credentialId) refuse(REGISTRATION, "another passkey");
    const algorithm = algorithmOf(data.publicKey);
    await verifyStatement(attestation, data, clientBytes);
    requireBackup(data);
    return {
      credentialId,
      publicKey: toBase64Url(data.publicKey),
      algorithm,
      signCount: data.signCount,
      aaguid: hex(data.aaguid).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
      backedUp: Boolean(data.flags & BACKED_UP),
    };
  });
}

/** Verify an assertion and return the passkey's new sign count, which has to grow if it counts. */
export async function verifyAssertion(evidence, { challenge, passkey, party }) {
  const clientData = readClientData(evidence.clientDataJSON, ASSERTION);
  const { clientDataJSON, authenticatorData, signature, credentialId } = evidence;
  const raw = [clientDataJSON, authenticatorData, signature, credentialId];
  const [clientBytes, dataBytes, signatureBytes] = raw.map((text) => fromBase64Url(text));
  return within(ASSERTION, async () => {
    requireClientData(clientData, "webauthn.get", challenge, party);
    const data = readAuthenticatorData(dataBytes);
    await requireAuthenticator(data, party);
    const counts = data.signCount > 0 || passkey.signCount > 0;
    if (counts && data.signCount <= passkey.signCount) refuse(ASSERTION, "the count did not grow");
    const verify = await importCose(fromBase64Url(passkey.publicKey));
    await verifyCose(verify, signatureBytes, concat(dataBytes, await sha256(clientBytes)));
    requireBackup(data);
    return data.signCount;
  });
}

/** Return what `ask` returns; whatever it refuses, refuse with this one code, as the server does. */
async function within(code, ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(code, error.message);
    throw error;
  }
}

function readClientData(text, code) {
  const source = utf8(fromBase64Url(text), code);
  let data = null;
  try {
    data = JSON.parse(source);
  } catch {
    refuse(code, "the client data is not JSON");
  }
  if (data === null || typeof data !== "object") refuse(code, "the client data is no object");
  if (data.crossOrigin) refuse(code, "the ceremony ran inside another site's frame");
  return data;
}

function requireClientData(data, type, challenge, party) {
  if (data.type !== type) refuse("", "the client data is of another ceremony");
  if (data.challenge !== toBase64Url(challenge)) refuse("", "signed for another challenge");
  if (data.origin !== party.origin) refuse("", "signed on another origin");
  const binding = data.tokenBinding;
  if (binding !== null && typeof binding === "object") {
    if (!["supported", "present"].includes(binding.status)) refuse("", "a strange token binding");
  }
}

function readMap(bytes) {
  const [value] = readCbor(bytes);
  return value instanceof Map ? value : refuse("", "not a CBOR map");
}

/** Return the parts of authenticator data (section 6.1), all of it read. */
function readAuthenticatorData(bytes) {
  if (!(bytes instanceof Uint8Array) || bytes.length < 37) refuse("", "no authenticator data");
  const flags = bytes[32];
  const data = { bytes, flags, rpIdHash: bytes.subarray(0, 32), signCount: uint(bytes.subarray(33, 37)) };
  let at = 37;
  if (flags & ATTESTED) {
    data.aaguid = bytes.subarray(at, at + 16);
    const keyAt = at + 18 + uint(bytes.subarray(at + 16, at + 18));
    data.credentialId = bytes.subarray(at + 18, keyAt);
    at = readCbor(bytes, keyAt)[1];
    data.publicKey = bytes.subarray(keyAt, at);
    if (!data.credentialId.length) refuse("", "a passkey without an id");
  }
  if (flags & EXTENDED) at = readCbor(bytes, at)[1];
  if (at !== bytes.length) refuse("", "more than authenticator data");
  return data;
}

async function requireAuthenticator(data, party) {
  if (!equal(data.rpIdHash, await sha256(party.rpId))) refuse("", "of another relying party");
  if (!(data.flags & PRESENT)) refuse("", "nobody was present");
  if (!(data.flags & VERIFIED)) refuse("", "the user was not verified");
}

function requireBackup({ flags }) {
  if (flags & BACKED_UP && !(flags & ELIGIBLE)) refuse("", "backed up and not eligible to be");
}

/** Verify the attestation statement (section 8): `none`, or `packed` by the passkey itself. */
async function verifyStatement(attestation, data, clientBytes) {
  const statement = attestation.get("attStmt") ?? new Map();
  const form = attestation.get("fmt");
  if (form === "none") {
    const said = (name) => (statement.get(name) ?? null) !== null;
    if (ATTESTATION_MEMBERS.some(said)) refuse("", "a statement where there should be none");
    return;
  }
  if (!FORMS.includes(form)) refuse("", "an attestation statement of no known form");
  if (form !== "packed" || statement.get("x5c")?.length) {
    const detail = `this page does not verify attestation statements with certificates (${form})`;
    throw new Unknown("algorithm_unknown", detail);
  }
  if (statement.get("alg") !== algorithmOf(data.publicKey)) refuse("", "of another algorithm");
  const verify = await importCose(data.publicKey);
  const signed = concat(data.bytes, await sha256(clientBytes));
  await verifyCose(verify, statement.get("sig") ?? new Uint8Array(), signed);
}
