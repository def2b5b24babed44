// Mirrors ledger.domain.compromise: a person declares since when a key or passkey was compromised.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { findThing, isLive, keyReference, passkeyReference, signedBy } from "./person.js";
import { requireMayEnd } from "./recovery_codes.js";
import { confirm } from "./stepup.js";

const REACH_DAYS = 30;
const REACH_MS = REACH_DAYS * 24 * 60 * 60 * 1000;

/** Refuse a time at which a person may not declare their own key or passkey compromised. */
export function requireDate({ addedAt, compromisedSince }, since, nowMs) {
  const sinceMs = toMs(since);
  if (sinceMs > nowMs) refuse("time_invalid", "a compromise must not be in the future");
  if (since < addedAt) refuse("compromise_date_refused", "this is before the key or passkey began");
  if (sinceMs < nowMs - REACH_MS) {
    refuse("compromise_date_refused", `this is more than ${REACH_DAYS} days ago: ask for a change`);
  }
  if (compromisedSince !== null && since >= compromisedSince) {
    refuse("compromise_known", "an earlier time is already declared");
  }
}

/** Return the declaration that a person's own key or passkey was compromised. */
export async function decideCompromise(owner, { act, assertion }, context) {
  const { key, signed } = await signedBy(owner, act, ACT.DECLARE_COMPROMISE, context);
  const { since, also } = signed;
  const name = signed.kid === null ? passkeyReference(signed.passkey) : keyReference(signed.kid);
  const thing = findThing(owner, name);
  const others = also.map((each) => findThing(owner, each));
  const signCount = await confirm(owner, act, assertion, context);
  requireDate(thing, since, context.nowMs);
  const isRelated = others.every(({ addedBy }) => addedBy.includes(name));
  if (new Set([...also, name]).size !== 1 + also.length || !isRelated) {
    refuse("compromise_unrelated", "also names what the compromised one attested or added, once");
  }
  const passkeys = [thing, ...others].filter(({ credentialId }) => credentialId !== undefined);
  requireMayEnd(owner, assertion.credentialId, passkeys, context.nowMs);
  requirePasskeyLeft(owner, [name, ...also], context.nowMs);
  return { compromised: name, since, also, kid: key.kid, act, assertion, signCount };
}

/** Refuse to end these if that would end the person's last passkey. */
function requirePasskeyLeft({ passkeys }, ending, nowMs) {
  const live = [...passkeys].filter(([, each]) => isLive(each, nowMs)).map(([id]) => passkeyReference(id));
  if (live.length && live.every((name) => ending.includes(name))) {
    refuse("passkey_last", "this is your last passkey: add another one first");
  }
}
