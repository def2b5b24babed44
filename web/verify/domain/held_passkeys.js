// Mirrors ledger.domain.held_passkeys: the passkeys that a person adds and removes.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { fromBase64Url } from "../encoding.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { additionChallenge, registerChallenge } from "./challenges.js";
import { verifyAssertion, verifyRegistration } from "./passkey.js";
import { isLive, reEnrolling, signedBy, waits } from "./person.js";
import { decideRecovery } from "./recoveries.js";
import { requireMayEnd } from "./recovery_codes.js";
import { redeemInvitation } from "./redeeming.js";
import { requireMayEndKeys, requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";

const ALONE = {
  kid: null,
  act: null,
  redeem: null,
  assertion: null,
  confirmation: null,
  confirmationSignCount: null,
  activeFrom: null,
  reEnrols: false,
  needsAdmission: false,
};

/** Return the first passkey of a person, by its registration response alone. */
export async function decideFirstPasskey(body, { ledger, party }) {
  const { registration, credentialId, transports, nonce } = body;
  const challenge = await registerChallenge({ ledger, nonce });
  const verified = await verifyRegistration(registration, credentialId, { challenge, party });
  return { ...verified, transports, nonce, registration, ...ALONE };
}

/** Return a passkey that a person added; a second or later one needs a confirmed act. */
export async function decidePasskey(owner, body, context) {
  const { act, assertion, confirmation } = body;
  const first = await decideFirstPasskey(body, context);
  if (!owner.passkeys.size) return redeemInvitation(owner, first, body.redeem, context);
  if (body.activeFrom !== null && body.redeem !== null) return decideRecovery(owner, first, body, context);
  if (act === null) refuse("act_missing", "adding a further passkey requires an act");
  const { key, signed } = await signedBy(owner, act, ACT.ADD_PASSKEY, context);
  await requireNew(owner, first, { signed, assertion }, context);
  const confirmationSignCount = await confirm(owner, act, confirmation, context);
  return { ...first, kid: key.kid, act, assertion, confirmation, confirmationSignCount };
}

/** Refuse an act for another key or person, and a new passkey that does not show that it works. */
async function requireNew(owner, { publicKey, nonce, credentialId }, { signed, assertion }, { ledger, party }) {
  const cose = await sha256Hex(fromBase64Url(publicKey));
  if (signed.cose !== cose || signed.user !== owner.user) {
    refuse("act_mismatch", "the act names another passkey or person");
  }
  requireStanding(owner);
  if (assertion === null || assertion.credentialId !== credentialId) {
    refuse("assertion_required", "the new passkey must show that it works");
  }
  const challenge = await additionChallenge({ cose, ledger, nonce, user: owner.user });
  await verifyAssertion(assertion, { challenge, passkey: { publicKey }, party });
}

/** Return the SHA-256 (hex) of a passkey's COSE key. */
export const digestOf = ({ publicKey }) => sha256Hex(fromBase64Url(publicKey));

/** Refuse a digest that is not that of the COSE key of a passkey that works, and goes on to work. */
export async function requireLive(person, cose, nowMs) {
  if (reEnrolling(person)) refuse("recovery_waiting", "a re-enrolment of this person waits");
  const live = [...person.passkeys.values()].filter((each) => isLive(each, nowMs));
  const digests = await Promise.all(live.map(digestOf));
  if (!digests.includes(cose)) refuse("cose_mismatch", "the person has no passkey with this key");
}

/** Return the end of a passkey, which its owner signs and confirms with a passkey. */
export async function decideRemoval(owner, { credentialId, act, assertion }, context) {
  const { key, signed } = await signedBy(owner, act, ACT.REMOVE_PASSKEY, context);
  const passkey = owner.passkeys.get(credentialId);
  if (!passkey) refuse("passkey_unknown", "no such passkey");
  if (passkey.removed) refuse("passkey_removed", "this passkey is already removed");
  requireMayEndKeys(owner);
  const { nowMs } = context;
  if (waits(passkey, nowMs)) refuse("passkey_waiting", "this passkey waits: cancel the recovery instead");
  if ([...owner.passkeys.values()].filter((each) => isLive(each, nowMs)).length === 1) {
    refuse("passkey_last", "an owner keeps one passkey");
  }
  if (signed.credentialId !== credentialId) refuse("act_mismatch", "the act names another passkey");
  const signCount = await confirm(owner, act, assertion, context);
  requireMayEnd(owner, assertion.credentialId, [passkey], nowMs);
  return { credentialId, kid: key.kid, act, assertion, signCount };
}
