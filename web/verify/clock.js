// Mirrors ledger.clock: times as the ledger writes them, `2026-11-21T03:04:05.678Z`.

import { refuse } from "./errors.js";

export const SKEW_MS = 5 * 60 * 1000;

/** Return milliseconds since 1970; refuse any other form with `time_invalid`. */
export function toMs(text) {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) ? new Date(text) : NaN;
  // Date accepts 30 February and hour 24, and returns another text for them.
  if (Number.isNaN(Number(at)) || at.toISOString() !== text || text.startsWith("0000")) {
    refuse("time_invalid", "a time must have the form YYYY-MM-DDThh:mm:ss.sssZ");
  }
  return at.getTime();
}

/** Tell whether a signed time is at most so long ago, and at most five minutes ahead. */
export const isFresh = (timeMs, nowMs, freshnessMs = SKEW_MS) =>
  nowMs - timeMs >= -SKEW_MS && nowMs - timeMs <= freshnessMs;

/** Refuse what was signed before its document was made; two clocks may each differ by five minutes. */
export function requireAfter(iat, createdMs) {
  if (iat * 1000 < createdMs - 2 * SKEW_MS) refuse("iat_stale", "signed before the time of the document");
}

/** Return a time in seconds since 1970, until the year 9999, as the ledger writes times. */
export const rfc3339 = (seconds) => new Date(seconds * 1000).toISOString();
