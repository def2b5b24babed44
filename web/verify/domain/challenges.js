// Mirrors ledger.domain.challenges: SHA-256 over what each challenge is for. web/static/js/lib/webauthn.js
// computes the same.

import { sha256, sha256Hex } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";

/** Return the 32 bytes of a new passkey's registration response. */
export const registerChallenge = ({ ledger, nonce }) => challenge("register", { ledger, nonce });

/** Return the 32 bytes that a passkey and a new signing key both sign. */
export const attestationChallenge = ({ expiresAt, home, kid, ledger, nonce, user }) =>
  challenge("attest-signing-key", { expiresAt, home, kid, ledger, nonce, user });

/** Return the 32 bytes that a passkey and the key of a new service account both sign. */
export const serviceChallenge = ({ expiresAt, kid, ledger, nonce, service, user }) =>
  challenge("add-service-account", { expiresAt, kid, ledger, nonce, service, user });

/** Return the 32 bytes that a person's new passkey signs; `cose` is the SHA-256 of its key, hex. */
export const additionChallenge = ({ cose, ledger, nonce, user }) =>
  challenge("add-passkey", { cose, ledger, nonce, user });

/** Return the 32 bytes that a passkey signs which a recovery code adds. */
export const redeemChallenge = ({ cose, ledger, nonce, user }) =>
  challenge("redeem", { cose, ledger, nonce, user });

/** Return the 32 bytes with which a passkey confirms one signed decision or act. */
export async function confirmChallenge({ jws, ledger, user }) {
  return challenge("confirm", { ledger, sha256: await sha256Hex(jws), user });
}

const challenge = (purpose, members) => sha256(jcs({ purpose, ...members }));
