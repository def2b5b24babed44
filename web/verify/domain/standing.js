// Mirrors ledger.domain.standing: who may act, and the suspension of a person.

import { length, strip } from "../encoding.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { inForce } from "./charter.js";
import { hasPlace, requirePlace } from "./governance.js";
import { isLive, signedBy } from "./person.js";
import { confirm } from "./stepup.js";
import { requireText } from "./text.js";
import { STANDING } from "./vocabulary.js";

const REASON_CHARS = [10, 2000];

/** Tell whether a person could approve a change: they are active, and have a live passkey. */
export const canGovern = ({ standing, passkeys }, nowMs) =>
  standing === STANDING.ACTIVE && [...passkeys.values()].some((each) => isLive(each, nowMs));

/** Refuse somebody who is suspended or deactivated. */
export function requireStanding({ standing }) {
  if (standing === STANDING.SUSPENDED) refuse("person_suspended", "this person is suspended");
  if (standing === STANDING.DEACTIVATED) refuse("person_deactivated", "this person is deactivated");
}

/** Refuse somebody who may not even end their own keys: one who is suspended still may. */
export function requireMayEndKeys(person) {
  if (person.standing === STANDING.DEACTIVATED) requireStanding(person);
}

/** Refuse a reason of the wrong length. */
export function requireReason(reason) {
  const [least, most] = REASON_CHARS;
  if (length(strip(reason)) < least || length(reason) > most) {
    refuse("reason_invalid", "a reason must have 10 to 2,000 characters");
  }
  requireText(reason, "reason");
}

/** Return the suspension of a person by one who can fill a place of governance, with a passkey. */
export async function decideSuspension(person, by, { act, assertion }, context) {
  const about = { user: person.user };
  const { key, signed } = await signedBy(by, act, ACT.SUSPEND, { ...context, about });
  requireReason(signed.reason);
  requireStanding(person);
  requireStanding(by);
  const { charter } = context;
  requirePlace(inForce(charter, by), charter.governance);
  if (hasPlace(inForce(charter, person), charter.governance)) {
    refuse("suspension_needs_change", "only a change suspends a person with a place in governance");
  }
  const signCount = await confirm(by, act, assertion, context);
  return {
    user: person.user,
    reason: signed.reason,
    by: by.user,
    kid: key.kid,
    act,
    assertion,
    signCount,
  };
}
