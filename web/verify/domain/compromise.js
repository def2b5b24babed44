// Mirrors ledger.domain.compromise: since when a key or passkey was compromised, as
// its person or a change declares.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { findThing, isLive, keyReference, passkeyReference, signedBy } from "./person.js";
import { requireMayEnd } from "./recovery_codes.js";
import { requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";

const REACH_DAYS = 30;
const REACH_MS = REACH_DAYS * 24 * 60 * 60 * 1000;

/** Refuse a time at which a person may not declare their own key or passkey compromised. */
export function requireOwnDate(thing, since, nowMs) {
  if (toMs(since) < nowMs - REACH_MS) {
    refuse("compromise_date_refused", `this is more than ${REACH_DAYS} days ago: ask for a change`);
  }
  requireDate(thing, since, nowMs);
}

/** Refuse a time at which a key or passkey cannot have been compromised. */
function requireDate({ addedAt, compromisedSince }, since, nowMs) {
  if (toMs(since) > nowMs) refuse("time_invalid", "a compromise must not be in the future");
  if (since < addedAt) refuse("compromise_date_refused", "this is before the key or passkey began");
  if (compromisedSince !== null && since >= compromisedSince) {
    refuse("compromise_known", "an earlier time is already declared");
  }
}

/** Return the declaration that a person's own key or passkey was compromised. */
export async function decideCompromise(owner, { act, assertion }, context) {
  const { key, signed } = await signedBy(owner, act, ACT.DECLARE_COMPROMISE, context);
  const { since, also } = signed;
  const name = nameOf(signed);
  const thing = findThing(owner, name);
  const others = also.map((each) => findThing(owner, each));
  requireStanding(owner);
  const signCount = await confirm(owner, act, assertion, context);
  requireOwnDate(thing, since, context.nowMs);
  requireRelated(name, also, others);
  const passkeys = [thing, ...others].filter(({ credentialId }) => credentialId !== undefined);
  requireMayEnd(owner, assertion.credentialId, passkeys, context.nowMs);
  requirePasskeyLeft(owner, [name, ...also], context.nowMs);
  return { compromised: name, since, also, kid: key.kid, act, assertion, signCount };
}

/** Return the declaration by a change that a person's key or passkey was compromised. */
export function compromiseOfChange(owner, item, nowMs) {
  const { since, also } = item;
  const name = nameOf(item);
  const thing = findThing(owner, name);
  const others = also.map((each) => findThing(owner, each));
  requireDate(thing, since, nowMs);
  requireRelated(name, also, others);
  return { compromised: name, since, also };
}

const nameOf = ({ kid, passkey }) => (kid === null ? passkeyReference(passkey) : keyReference(kid));

/** Refuse what the compromised one did not attest or add, and a name twice. */
function requireRelated(name, also, others) {
  const isRelated = others.every(({ addedBy }) => addedBy.includes(name));
  if (new Set([...also, name]).size !== 1 + also.length || !isRelated) {
    refuse("compromise_unrelated", "also names what the compromised one attested or added, once");
  }
}

/** Refuse to end these if that would end the person's last passkey. */
function requirePasskeyLeft({ passkeys }, ending, nowMs) {
  const live = [...passkeys].filter(([, each]) => isLive(each, nowMs)).map(([id]) => passkeyReference(id));
  if (live.length && live.every((name) => ending.includes(name))) {
    refuse("passkey_last", "this is your last passkey: add another one first");
  }
}
