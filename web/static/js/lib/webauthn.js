// Passkey ceremonies. What leaves the browser is built member by member: a credential's toJSON()
// also holds extension results, which can be secrets. The server sends nonces, and this module
// computes every challenge from what it is for: docs/reference/formats.md has the forms.

import { decode, encode } from "./b64u.js";
import { sha256, sha256Hex } from "./digest.js";
import { CeremonyError } from "./dom.js";
import { jcs } from "./jcs.js";
import { sign } from "./jws.js";
import { text as said } from "./texts.js";

/** Return a buffer as base64url. */
export const text = (buffer) => encode(new Uint8Array(buffer));
let conditional = null;

/** Return the challenge of a purpose, which names what it is for. */
export const challenge = async (purpose, members) => encode(await sha256(jcs({ purpose, ...members })));

/** Sign in with a passkey; return its AuthenticationResponseJSON by allow-list. */
export async function signIn({ ledger, nonce, publicKey }) {
  return assertionOf({ ...publicKey, challenge: await challenge("sign-in", { ledger, nonce }) });
}

/**
 * Let the browser offer passkeys at the name field. Resolves when the person picks one, or with null
 * when they cancel, or the page starts another ceremony: the browser refuses two at once.
 */
export async function signInConditional({ ledger, nonce, publicKey }) {
  conditional = new AbortController();
  const { signal } = conditional;
  const options = { ...publicKey, challenge: await challenge("sign-in", { ledger, nonce }) };
  try {
    return (await assertion(options, { mediation: "conditional", signal })).answered;
  } catch (error) {
    if (signal.aborted || error instanceof CeremonyError) return null;
    throw error;
  }
}

function get(options, input) {
  cancelConditional();
  return assertion(options, {}, input);
}

/** Ask a passkey; return its AuthenticationResponseJSON by allow-list. */
export const assertionOf = async (options) => (await get(options)).answered;

/** Stop offering passkeys at the name field. */
export function cancelConditional() {
  conditional?.abort();
  conditional = null;
}

async function assertion(options, more, input) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  if (input) publicKey.extensions = { prf: { eval: { first: input } } };
  const credential = await ceremony("get", publicKey, () => navigator.credentials.get({ publicKey, ...more }));
  const { authenticatorData, clientDataJSON, signature } = credential.response;
  const answered = answer(credential, {
    authenticatorData: text(authenticatorData),
    clientDataJSON: text(clientDataJSON),
    signature: text(signature),
  });
  return { answered, secret: credential.getClientExtensionResults().prf?.results?.first };
}

/** Return a credential with what is sent of its response. */
export const answer = ({ id, rawId }, response) => ({
  id,
  rawId: text(rawId),
  response,
  type: "public-key",
});

// Cancel, time-out and a failed fingerprint all arrive as NotAllowedError, and cannot be told
// apart: the message blames nobody and does not speak of a failure.
const unconfirmed = (kind) => {
  const words = said("page.unconfirmed");
  // Chrome refuses in the same way to make a passkey on a device that checks nobody or keeps nothing.
  return kind === "create" ? `${words} ${said("page.unable")}` : words;
};
// AbortError: another prompt replaced this one, or the browser withdrew it.
const ENDED = ["NotAllowedError", "AbortError", "TimeoutError"];

/** Run a ceremony of this kind; throw CeremonyError with a sentence if it ends without a result. */
export async function ceremony(kind, { rpId, rp }, run) {
  try {
    return await run();
  } catch (error) {
    if (ENDED.includes(error.name)) {
      throw new CeremonyError(unconfirmed(kind), { cause: error });
    }
    // Loaded only now: most people never need it.
    const words = await import("./ceremony-words.js").catch(() => null);
    const sentence = words?.sentenceOf(kind, error.name, rpId ?? rp.id);
    throw sentence ? new CeremonyError(sentence, { cause: error }) : error;
  }
}

/**
 * Return the `key` member of a request that attests a signing key: a passkey's assertion and the
 * key's own signature. The challenge names the key, its home and end, the person and the ledger, so
 * the assertion attests nothing else. With `input`, return also the passkey's secret for it.
 */
export async function attest({ kid, jwk, home, expiresAt, privateKey }, options, input) {
  const { ledger, user, nonce, publicKey } = options;
  const about = { expiresAt, home, kid, ledger, nonce, user };
  const asked = await challenge("attest-signing-key", about);
  const { answered, secret } = await get({ ...publicKey, challenge: asked }, input);
  // The proof of possession: the new key signs the same challenge.
  const possession = await sign({ kid, privateKey }, { typ: "key-possession+jws" }, decode(asked));
  return { body: { jwk, assertion: answered, possession, home, expiresAt }, secret };
}

/** Return a passkey's id, and its secret for an input; nothing of it is sent anywhere. */
export async function secretOf(publicKey, input) {
  const asked = encode(crypto.getRandomValues(new Uint8Array(32)));
  const { answered, secret } = await get({ ...publicKey, challenge: asked }, input);
  return { id: answered.id, secret };
}

/** Return a passkey's confirmation of one signed decision or act of this person. */
export async function confirm({ jws, ledger, user, publicKey }) {
  const about = { ledger, sha256: await sha256Hex(jws), user };
  return assertionOf({ ...publicKey, challenge: await challenge("confirm", about) });
}
