// Mirrors ledger.domain.recovery_codes: ten keys of a person who may lose every device.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { fromBase64Url } from "../encoding.js";
import { refuse } from "../errors.js";
import { requirePrimeOrder, thumbprint } from "../jose/keys.js";
import { ACT, parseAct, REDEEM_TYP, verifyAct } from "./acts.js";
import { redeemChallenge } from "./challenges.js";
import { inForce } from "./charter.js";
import { requirePlace } from "./governance.js";
import { verifyAssertion } from "./passkey.js";
import { signedBy, waits } from "./person.js";
import { requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";

const CODES = 10;
const WAIT_MS = 24 * 60 * 60 * 1000;
const SETTLING_MS = 7 * WAIT_MS;

/** Return a person's new set of codes, which replaces the older one; a passkey confirms it. */
export async function decideCodes(owner, { act, assertion }, context) {
  const { key, signed } = await signedBy(owner, act, ACT.SET_RECOVERY_CODES, context);
  const { keys } = signed;
  if (keys.length !== CODES || new Set(keys.map(({ x }) => x)).size !== CODES) {
    refuse("codes_invalid", `a set has ${CODES} different keys`);
  }
  keys.forEach(requirePrimeOrder);
  requireStanding(owner);
  const signCount = await confirm(owner, act, assertion, context);
  return { keys, kid: key.kid, act, assertion, signCount };
}

/** Return a passkey that a code adds; it works after the waiting time. */
export async function decideRecovery(owner, added, { redeem, assertion }, { ledger, party, nowMs }) {
  const jws = parseAct(redeem, REDEEM_TYP);
  const kids = await Promise.all(owner.codes.map(thumbprint));
  const { kid } = jws.header;
  if (!kids.includes(kid)) refuse("code_unknown", "no such recovery code of this person");
  const cose = await sha256Hex(fromBase64Url(added.publicKey));
  const about = { cose, purpose: "recovery", user: owner.user, accepts: null };
  await verifyAct(jws, owner.codes[kids.indexOf(kid)], ACT.REDEEM, { ledger, nowMs, about });
  requireStanding(owner);
  requireUsable(owner, kids, kid, nowMs);
  if (assertion === null || assertion.credentialId !== added.credentialId) {
    refuse("assertion_required", "the new passkey must show that it works");
  }
  const challenge = await redeemChallenge({ cose, ledger, nonce: added.nonce, user: owner.user });
  await verifyAssertion(assertion, { challenge, passkey: added, party });
  return { ...added, redeem, assertion, activeFrom: new Date(nowMs + WAIT_MS).toISOString() };
}

/** Return the end of a recovery that waits; a passkey of its person or of an administrator. */
export async function decideCancellation(owner, by, { act, assertion }, context) {
  const { charter, nowMs } = context;
  const about = { user: owner.user };
  const { key, signed } = await signedBy(by, act, ACT.CANCEL_RECOVERY, { ...context, about });
  const { recovery } = signed;
  const waiting = recovery.startsWith("passkey:") && owner.passkeys.get(recovery.slice("passkey:".length));
  if (!waiting || waiting.activeFrom === null) refuse("recovery_unknown", "no such recovery of this person");
  if (waiting.removed || !waits(waiting, nowMs)) {
    refuse("recovery_ended", "this recovery is complete, or was cancelled");
  }
  requireStanding(by);
  if (by.user !== owner.user) requirePlace(inForce(charter, by), charter.governance);
  const signCount = await confirm(by, act, assertion, context);
  return { user: owner.user, recovery, by: by.user, kid: key.kid, act, assertion, signCount };
}

/** Refuse a code while an earlier recovery waits, and one that was used or whose set has ended. */
function requireUsable({ passkeys }, kids, kid, nowMs) {
  const recovered = [...passkeys.values()].filter(({ code }) => kids.includes(code));
  if (recovered.some((each) => waits(each, nowMs) && !each.removed)) {
    refuse("recovery_waiting", "an earlier recovery waits: cancel it, or wait");
  }
  if (recovered.some(({ cancelled, code }) => !cancelled || code === kid)) {
    refuse("code_used", "this code was used, or its set has ended");
  }
}

/** Refuse the end of an older passkey by one that a code added less than seven days before. */
export function requireMayEnd({ passkeys }, by, ending, nowMs) {
  const { activeFrom, addedAt } = passkeys.get(by);
  if (activeFrom === null || nowMs >= toMs(activeFrom) + SETTLING_MS) return;
  if (ending.some((each) => each.addedAt < addedAt)) {
    refuse("passkey_too_new", "a passkey that a code added ends no older one for 7 days");
  }
}
