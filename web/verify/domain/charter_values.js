// Mirrors ledger.domain.charter_values: what a ledger asks of people, of their keys and of statements.

import { minPeople, shortfall } from "../../static/js/lib/floor.js";
import { toMs } from "../clock.js";
import { same } from "../encoding.js";
import { refuse } from "../errors.js";
import { flag, ifPresent, integer, listOf, oneOf, struct } from "../shapes.js";
import { MAX_THRESHOLD } from "./policy.js";
import { ASSURANCE, HOME, REGISTRATION } from "./vocabulary.js";

const HOUR_MS = 3_600_000;
const MOST_HOURS = 87_840;
const LEAST_WAIT_MS = 24 * HOUR_MS;
const MOST_WAIT_MS = 30 * LEAST_WAIT_MS;
const HOMES = Object.values(HOME);
const LAST_MS = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
const NO_FLOOR = Object.freeze({ people: 1, creatorMaySign: true, assurance: ASSURANCE.KEY });

/** The values of a charter, as items and events state them. */
export const charterValues = struct({
  registration: oneOf(...Object.values(REGISTRATION)),
  floor: struct({
    people: integer,
    creatorMaySign: flag,
    assurance: oneOf(...Object.values(ASSURANCE)),
  }),
  maxAge: integer,
  untyped: flag,
  homes: ifPresent(listOf(oneOf(...HOMES))),
  recoveryWait: ifPresent(integer),
});

/** Return the values of a new ledger. */
export const foundingValues = (registration) => ({
  registration,
  floor: NO_FLOOR,
  maxAge: 400 * 24 * HOUR_MS,
  untyped: true,
});

/** Refuse values that no charter can have. */
export function requireValues(values) {
  const { floor, maxAge, homes = ["device"] } = values;
  if (floor.people < 1 || floor.people > MAX_THRESHOLD) {
    refuse("change_invalid", `a floor asks for 1 to ${MAX_THRESHOLD} people`);
  }
  requireAge(maxAge, "change_invalid");
  const waitMs = recoveryWaitOf(values);
  if (waitMs % HOUR_MS || waitMs < LEAST_WAIT_MS || waitMs > MOST_WAIT_MS) {
    refuse("change_invalid", "recoveryWait is 24 to 720 whole hours, in milliseconds");
  }
  if (!same(homes, [...new Set(homes)].sort())) refuse("change_invalid", "homes are sorted, each once");
  if (!homes.some((home) => home !== HOME.PROGRAM)) {
    refuse("change_invalid", "homes has one of device, session and synced");
  }
}

/** Return how long a recovery waits. */
export const recoveryWaitOf = ({ recoveryWait = LEAST_WAIT_MS }) => recoveryWait;

/** Return when a recovery that begins now is complete: a shorter wait ends no sooner than the one before. */
export const recoveredMs = ({ values, waitsUntilMs }, nowMs) =>
  Math.max(nowMs + recoveryWaitOf(values), waitsUntilMs);

/** Return what a charter with other values says of them and of the wait that they replace. */
export function valuesAfter({ values: before, waitsUntilMs }, values, at) {
  const replacedMs = recoveryWaitOf(before);
  const isShorter = recoveryWaitOf(values) < replacedMs;
  return { values, waitsUntilMs: isShorter ? Math.max(waitsUntilMs, toMs(at) + replacedMs) : waitsUntilMs };
}

/** Refuse a home that no new signing key may have. */
export function requireHome({ homes = HOMES }, home) {
  if (!homes.includes(home)) refuse("home_not_allowed", `this ledger accepts new keys of: ${homes.join(", ")}`);
}

/** Refuse, with this code, an age that is not 1 to 87,840 whole hours. */
export function requireAge(ageMs, code) {
  const hours = ageMs / HOUR_MS;
  if (!Number.isInteger(hours) || hours < 1 || hours > MOST_HOURS) {
    refuse(code, `maxAge is 1 to ${MOST_HOURS} whole hours, in milliseconds`);
  }
}

/** Refuse a statement's policy that is below the floor; one that nobody can meet is not. */
export function requireFloor(policy, floor) {
  const below = shortfall(policy, floor);
  if (below) refuse("below_floor", below);
}

/** Refuse governance that fewer people meet than the floor asks for. */
export function requireGovernanceFloor(governance, floor) {
  if ((minPeople(governance) ?? 0) < floor.people) {
    refuse("below_floor", "governance would ask for fewer people than the floor");
  }
}

/** Refuse an end after the longest wait: no statement waits longer. */
export function requireEnd({ createdAt, policy: { expiresAt } }, maxAgeMs) {
  if (expiresAt !== null && toMs(expiresAt) > toMs(createdAt) + maxAgeMs) {
    refuse("expires_too_late", "expiresAt is after the longest wait of this ledger or type");
  }
}

/** Return when a pending statement expires: at its policy's end, or so long after its draft. */
export function endsAt({ createdAt, policy: { expiresAt } }, maxAgeMs) {
  if (expiresAt !== null) return expiresAt;
  return new Date(Math.min(toMs(createdAt) + maxAgeMs, LAST_MS)).toISOString();
}
