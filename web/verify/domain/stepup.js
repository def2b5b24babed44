// Mirrors ledger.domain.stepup: a passkey of the actor confirms what a signing key alone cannot authorise.

import { refuse } from "../errors.js";
import { confirmChallenge } from "./challenges.js";
import { verifyAssertion } from "./passkey.js";
import { activePasskey } from "./person.js";

/** Verify that a live passkey of this person confirmed exactly this JWS; return its sign count. */
export async function confirm(person, source, assertion, { ledger, party, nowMs }) {
  if (assertion === null) refuse("assertion_required", "this needs to be confirmed with a passkey");
  const passkey = activePasskey(person, assertion.credentialId, nowMs);
  const challenge = await confirmChallenge({ jws: source, ledger, user: person.user });
  return verifyAssertion(assertion, { challenge, passkey, party });
}
