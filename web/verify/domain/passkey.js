// Mirrors ledger.domain.passkey: what a registration response and an assertion have to show (WebAuthn L3
// sections 7.1 and 7.2). User presence and verification are required; relying party and origin are the ledger's.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { hex, sha256 } from "../../static/js/lib/digest.js";
import { concat, equal, fromBase64Url } from "../encoding.js";
import { Refusal, refuse, Unknown } from "../errors.js";
import {
  BACKED_UP,
  parseAssertionData,
  parseAttestationObject,
  requireCredentialId,
} from "../webauthn_grammar/authenticator_data.js";
import { requireClientData } from "../webauthn_grammar/client_data.js";
import { importCose, parseCoseKey, requireSignature } from "../webauthn_grammar/cose.js";

const REGISTRATION = "passkey_registration_refused";
const ASSERTION = "passkey_assertion_refused";
const FORMS = ["packed", "fido-u2f", "tpm", "apple", "android-safetynet", "android-key"];

/** Verify a registration response and return its passkey, as `passkey-added.v1` records it. */
export async function verifyRegistration(evidence, credentialId, { challenge, party }) {
  const raw = [evidence.clientDataJSON, evidence.attestationObject];
  const [clientBytes, object] = raw.map((text) => fromBase64Url(text));
  return within(REGISTRATION, async () => {
    requireClientData(clientBytes, { type: "webauthn.create", challenge, origin: party.origin });
    const attestation = parseAttestationObject(object);
    const { data, credential } = attestation;
    if (toBase64Url(credential.id) !== credentialId) refuse("", "the response names another passkey");
    await requireParty(data, party);
    await verifyStatement(attestation, clientBytes);
    return {
      credentialId,
      publicKey: toBase64Url(credential.rawKey),
      algorithm: credential.key.algorithm,
      signCount: data.signCount,
      aaguid: hex(credential.aaguid).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
      backedUp: Boolean(data.flags & BACKED_UP),
    };
  });
}

/** Verify an assertion and return the passkey's new sign count; one that falls is a signal only. */
export async function verifyAssertion(evidence, { challenge, passkey, party }) {
  const { clientDataJSON, authenticatorData, signature, credentialId } = evidence;
  const raw = [clientDataJSON, authenticatorData, signature, passkey.publicKey, credentialId];
  const [clientBytes, dataBytes, ...rest] = raw.map((text) => fromBase64Url(text));
  const [signatureBytes, rawKey, id] = rest;
  return within(ASSERTION, async () => {
    requireClientData(clientBytes, { type: "webauthn.get", challenge, origin: party.origin });
    const data = parseAssertionData(dataBytes);
    requireCredentialId(id);
    const key = parseCoseKey(rawKey);
    requireSignature(signatureBytes, key);
    await requireParty(data, party);
    await verifySignature(key, signatureBytes, data, clientBytes);
    return data.signCount;
  });
}

/** Return what `ask` returns; turn any refusal into this one code, as the server does. */
async function within(code, ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(code, error.message);
    throw error;
  }
}

async function requireParty(data, party) {
  if (!equal(data.rpIdHash, await sha256(party.rpId))) refuse("", "of another relying party");
}

/** Verify the attestation statement (section 8): `none`, or `packed` by the passkey itself. */
async function verifyStatement({ format, statement, data, credential }, clientBytes) {
  if (format === "none") return; // the grammar found it empty
  if (!FORMS.includes(format)) refuse("", "an attestation statement of no known form");
  if (format !== "packed" || statement.has("x5c")) {
    const detail = `this page does not verify attestation statements with certificates (${format})`;
    throw new Unknown("algorithm_unknown", detail);
  }
  await verifySignature(credential.key, statement.get("sig"), data, clientBytes);
}

async function verifySignature(key, signature, data, clientBytes) {
  const verify = await importCose(key);
  if (!(await verify(signature, concat(data.bytes, await sha256(clientBytes))))) {
    refuse("", "the signature is invalid");
  }
}
