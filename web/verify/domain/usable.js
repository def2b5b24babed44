// Mirrors ledger.domain.usable: who may use an approved statement, how often, and until when.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { integer, listOf, optional, struct, text } from "../shapes.js";
import { isMember, split } from "./policy.js";

const MAX_EXECUTORS = 256;
const MAX_TIMES = 1000;
/** How many uses can take one number, one after the other. */
export const GENERATIONS = 2;

export const usable = struct({ by: listOf(text), times: integer, until: optional(text) });

/** Refuse a member `usable` that no document may have. */
export function requireUsable({ by, times, until }) {
  if (by.length < 1 || by.length > MAX_EXECUTORS || new Set(by).size !== by.length) {
    invalid(`usable names 1 to ${MAX_EXECUTORS} executors, each of them once`);
  }
  if (!by.every(isMember)) invalid("an executor is user:<id of a person> or role:<name of a role>");
  if (times < 1 || times > MAX_TIMES) invalid(`a statement is usable 1 to ${MAX_TIMES} times`);
  if (until !== null) toMs(until);
}

/** Refuse executors of a role that the ledger does not have, and an end that has passed. */
export function requireDraftable({ by, until }, known, nowMs) {
  for (const [kind, name] of by.map(split)) {
    if (kind === "role" && !known.includes(name)) invalid(`${name} is no role whose holders sign`);
  }
  if (until !== null && toMs(until) <= nowMs) {
    refuse("use_expired", "the time until which it can be used has passed");
  }
}

const invalid = (detail) => refuse("usable_invalid", detail);

/** Return the number and generation of the next use, null if none is left. */
export function nextUse(times, uses) {
  const newest = new Map(uses.map((use) => [use.number, use]));
  for (let number = 1; number <= times; number += 1) {
    const last = newest.get(number);
    if (!last) return { number, generation: 1 };
    if (last.freed) return { number, generation: last.generation + 1 };
  }
  return null;
}
