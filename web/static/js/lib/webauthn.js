// Passkey ceremonies. What leaves the browser is built member by member: a credential's toJSON()
// also holds extension results, which can be secrets.

import { encode } from "./b64u.js";
import { sha256, sha256Hex } from "./digest.js";
import { Told } from "./dom.js";
import { jcs } from "./jcs.js";
import { signPossession } from "./jws.js";
import * as keystore from "./keystore.js";

const text = (buffer) => encode(new Uint8Array(buffer));
let conditional = null;

/** A ceremony that ended without a result. */
export class CeremonyError extends Told {}

/** Make a passkey; return its RegistrationResponseJSON by allow-list. */
export async function create(options) {
  cancelConditional();
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await ceremony(() => navigator.credentials.create({ publicKey }));
  const { attestationObject, clientDataJSON } = credential.response;
  return answer(credential, {
    attestationObject: text(attestationObject),
    clientDataJSON: text(clientDataJSON),
    transports: credential.response.getTransports?.() ?? [],
  });
}

/** Use a passkey; return its AuthenticationResponseJSON by allow-list. */
export async function get(options) {
  cancelConditional();
  return assertion(options, {});
}

/**
 * Let the browser offer passkeys at the name field. Resolves when the person picks one, or with null
 * when the page starts another ceremony: the browser refuses two at once.
 */
export async function getConditional(options) {
  conditional = new AbortController();
  const { signal } = conditional;
  try {
    return await assertion(options, { mediation: "conditional", signal });
  } catch (error) {
    if (signal.aborted || error instanceof CeremonyError) return null;
    throw error;
  }
}

function cancelConditional() {
  conditional?.abort();
  conditional = null;
}

async function assertion(options, more) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await ceremony(() => navigator.credentials.get({ publicKey, ...more }));
  const { authenticatorData, clientDataJSON, signature } = credential.response;
  return answer(credential, {
    authenticatorData: text(authenticatorData),
    clientDataJSON: text(clientDataJSON),
    signature: text(signature),
  });
}

const answer = ({ id, rawId }, response) => ({
  id,
  rawId: text(rawId),
  response,
  type: "public-key",
});

// Cancel, time-out and a failed fingerprint all arrive as NotAllowedError, and cannot be told
// apart: the message blames nobody and does not speak of a failure.
const SENTENCES = {
  NotAllowedError:
    "Your device didn't confirm. You may have cancelled, or the prompt timed out. Nothing was signed.",
  InvalidStateError: "This device already has a passkey for you. Sign in with it instead.",
  SecurityError: "The passkeys of this ledger belong to another address. Tell an administrator.",
};

async function ceremony(run) {
  try {
    return await run();
  } catch (error) {
    const sentence = SENTENCES[error.name];
    throw sentence ? new CeremonyError(sentence, { cause: error }) : error;
  }
}

/**
 * Make a signing key and attest it with a passkey. The challenge names the key, the person and the
 * ledger, so the assertion attests nothing else. Returns the key, not yet stored, and the `key`
 * member of the request.
 */
export async function attestKey({ ledger, user, nonce, publicKey }) {
  const key = await keystore.generate();
  const statement = { kid: key.kid, ledger, nonce, purpose: "attest-signing-key", user };
  const challenge = await sha256(jcs(statement));
  const assertion = await get({ ...publicKey, challenge: encode(challenge) });
  const possession = await signPossession(key, challenge);
  return { key, body: { jwk: key.jwk, assertion, possession } };
}

/** Return a passkey's confirmation of one signed decision or act of this person. */
export async function confirm({ jws, ledger, user, publicKey }) {
  const statement = { ledger, purpose: "confirm", sha256: await sha256Hex(jws), user };
  return get({ ...publicKey, challenge: encode(await sha256(jcs(statement))) });
}
