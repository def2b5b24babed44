// Mirrors ledger.domain.recovery_codes: ten keys of a person who may lose every device.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { requirePrimeOrder } from "../jose/keys.js";
import { ACT } from "./acts.js";
import { signedBy, waits } from "./person.js";
import { requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";

const CODES = 10;
const SETTLING_MS = 7 * 24 * 60 * 60 * 1000;

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

/** Refuse a code after a loss, while an earlier recovery waits, and one that was used or whose set has ended. */
export function requireUsable({ passkeys, codesVoid }, kids, kid, nowMs) {
  if (codesVoid) refuse("code_void", "a restore that lost entries ended these codes");
  const recovered = [...passkeys.values()].filter(({ code }) => kids.includes(code));
  if (recovered.some((each) => waits(each, nowMs) && !each.removed)) {
    refuse("recovery_waiting", "an earlier recovery waits: cancel it, or wait");
  }
  if (recovered.some(({ cancelled, code }) => !cancelled || code === kid)) {
    refuse("code_used", "this code was used, or its set has ended");
  }
}

/**
 * Refuse the end of an older passkey by one that a code added less than seven days before, or by
 * one that such a passkey confirmed.
 */
export function requireMayEnd({ passkeys }, by, ending, nowMs) {
  let following = by;
  while (following !== undefined) {
    const { activeFrom, addedAt, addedBy, code } = passkeys.get(following);
    const settles = activeFrom !== null && code !== null && nowMs < toMs(activeFrom) + SETTLING_MS;
    if (settles && ending.some((each) => each.addedAt < addedAt)) {
      refuse("passkey_too_new", "a passkey that a code added ends no older one for 7 days");
    }
    following = addedBy.find((each) => each.startsWith("passkey:"))?.slice("passkey:".length);
  }
}
