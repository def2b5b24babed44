// New passkeys: make one, show that it works, and use that one only. webauthn.js has the rules for
// what leaves the browser.

import { hex, sha256 } from "./digest.js";
import { answer, assertionOf, cancelConditional, ceremony, challenge, text } from "./webauthn.js";

/**
 * Make a passkey. Returns its RegistrationResponseJSON by allow-list, and the SHA-256 of its COSE
 * key in hex.
 */
export async function create({ ledger, nonce, publicKey: options }) {
  cancelConditional();
  const asked = { ...options, challenge: await challenge("register", { ledger, nonce }) };
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
  publicKey.extensions = { ...publicKey.extensions, prf: {} }; // so that it can protect synced keys
  const { coseKey } = await import("./cose.js"); // before the prompt: it may fail
  const credential = await ceremony("create", publicKey, () => navigator.credentials.create({ publicKey }));
  const { attestationObject, clientDataJSON } = credential.response;
  const key = coseKey(new Uint8Array(credential.response.getAuthenticatorData()));
  const registration = answer(credential, {
    attestationObject: text(attestationObject),
    clientDataJSON: text(clientDataJSON),
    transports: credential.response.getTransports?.() ?? [],
  });
  return { registration, cose: hex(await sha256(key)) };
}

/**
 * Return a new passkey's assertion, which shows that it works and whose it is to be. The purpose is
 * `redeem` for a passkey that a recovery code adds.
 */
export async function showNewPasskey(about, purpose = "add-passkey") {
  const { cose, ledger, nonce, user, publicKey } = about;
  const asked = await challenge(purpose, { cose, ledger, nonce, user });
  return assertionOf({ ...publicKey, challenge: asked });
}

/** Return the options to use only this passkey, by those that it was made with. */
export const onlyWith = ({ registration: { id, response }, publicKey: { rp, timeout } }) => ({
  rpId: rp.id,
  userVerification: "required",
  timeout,
  allowCredentials: [{ id, type: "public-key", transports: response.transports }],
});
