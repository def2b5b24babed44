// Mirrors ledger.domain.late_acts: what people signed in a part of the log that a restore lost, and
// that is recorded again directly after the restore.

import { isFresh, toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { parseAct, stated } from "./acts.js";
import { parseApproval } from "./approval.js";
import { ITEM } from "./changes/items.js";
import { TAG } from "./events.js";

/** Tell whether an event records a late act. */
export const isLate = ({ type, body }) =>
  [TAG.STATEMENT_DRAFTED, TAG.STATEMENT_SIGNED].includes(type) && body.late !== undefined;

/** Return the time that a late act states, in milliseconds. */
export function signedMs({ type, body }) {
  const { iat } = type === TAG.STATEMENT_DRAFTED ? stated(parseAct(body.act)) : parseApproval(body.jws).header;
  if (iat === null) refuse("iat_stale", "a late act states when it was signed");
  return iat * 1000;
}

/** Return the charter without its last restore, which lost the acts. */
export const asIfNothingWasLost = (charter) => ({
  ...charter,
  restorations: charter.restorations.slice(0, -1),
  losses: charter.losses.slice(0, -1),
});

/** Refuse an act that was not signed between the newest kept event and the restore after it. */
export function requireLate({ restorations }, atMs, keptAt) {
  const isKept = atMs < toMs(keptAt) && !isFresh(atMs, toMs(keptAt));
  if (isKept || atMs > toMs(restorations.at(-1).at)) {
    refuse("iat_stale", "a late act is signed between the newest event that was kept and the restore");
  }
}

/** Refuse the items of a change that does anything but erase; null for another statement. */
export function requireErasing(items) {
  if (!items?.every(({ name }) => name === ITEM.ERASE)) {
    refuse("late_refused", "only a change that erases, and nothing else, is late");
  }
}
