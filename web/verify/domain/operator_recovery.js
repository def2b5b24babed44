// Mirrors ledger.domain.operator_recovery: the operator recovers governance that can no longer act.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { requirePrimeOrder } from "../jose/keys.js";
import { ACT } from "./acts.js";
import { inForce, ownAct } from "./charter.js";
import { recoveredMs } from "./charter_values.js";
import { requireUuid } from "./document.js";
import { counting, requirePlace } from "./governance.js";
import { met, missing } from "./places.js";
import { signedBy } from "./person.js";
import { maySign, members, nodes } from "./policy.js";
import { canGovern, requireReason, requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";

const OPEN_MS = 7 * 24 * 60 * 60 * 1000;

const timeText = (ms) => new Date(ms).toISOString();

/** Return the operator's invitations to governance, signed by the ledger's own key. */
export async function decideInvitations({ act: source }, sources, nowMs) {
  const { charter } = sources;
  const act = await ownAct(charter, source, ACT.RECOVER_GOVERNANCE, nowMs);
  const { recovery, lost, invitations, reason } = act;
  requireReason(reason);
  if (charter.invitations.some((each) => !each.cancelled && isWaiting(each, nowMs))) {
    refuse("recovery_waiting", "an earlier recovery waits: its links work later");
  }
  requireNew(act, charter.invitations);
  await requireAsLacking(act, sources, nowMs);
  const activeMs = recoveredMs(charter, nowMs);
  const [activeFrom, expiresAt] = [timeText(activeMs), timeText(activeMs + OPEN_MS)];
  return { recovery, lost, invitations, activeFrom, expiresAt, reason, act: source };
}

/** Tell whether an invitation is one of the operator's and does not work yet. */
const isWaiting = ({ recovery }, nowMs) => recovery !== null && nowMs < toMs(recovery.activeFrom);

function requireNew({ recovery, lost, invitations }, known) {
  const ids = [recovery, ...invitations.map(({ id }) => id)];
  for (const id of [...ids, ...lost]) requireUuid(id);
  for (const { key } of invitations) requirePrimeOrder(key);
  const taken = known.flatMap((each) => [each.id, each.recovery?.id]);
  if (new Set(ids).size !== ids.length || ids.some((id) => taken.includes(id))) {
    refuse("invitation_known", "each invitation and recovery has an id of its own");
  }
}

/** Refuse invitations other than those that governance lacks without the lost people. */
async function requireAsLacking({ lost, invitations }, sources, nowMs) {
  if (!sources.hasEverybody) return;
  const acting = await actingIn(sources, nowMs);
  const able = [...new Set(lost)].filter((user) => acting.has(user)).sort();
  if (able.length !== lost.length || able.some((user, place) => user !== lost[place])) {
    refuse("lost_not_counting", "`lost` names people who count in governance and could act");
  }
  const { governance } = sources.charter;
  const left = [...acting].filter(([user]) => !lost.includes(user));
  const expected = lacking(governance, new Map(left));
  const invited = new Map([...left, ...invitations.map(({ id, role }) => [`invited ${id}`, [role]])]);
  if (invitations.length !== expected || !met(governance, invited)) {
    refuse("invitations_mismatch", `governance lacks ${expected}: invite as many`);
  }
}

/** Return who counts in governance and can act (user to roles). */
async function actingIn({ charter, people }, nowMs) {
  const able = [...people.values()]
    .map((each) => inForce(charter, each))
    .filter((each) => maySign(each.roles) && canGovern(each, nowMs));
  const found = await counting(able, charter.governance);
  return new Map(found.map(({ user, roles }) => [user, roles]));
}

/** Return how many people governance lacks; refuse if it lacks nobody, or people whom it names. */
function lacking(governance, acting) {
  if (met(governance, acting)) refuse("governance_can_act", "governance can act: make a change instead");
  const named = members(governance).filter((each) => each.startsWith("role:"));
  const roles = named.map((each) => each.slice("role:".length));
  const most = nodes(governance).reduce((sum, { threshold }) => sum + threshold, 0);
  const anybody = new Map(Array.from({ length: most }, (_, number) => [`anybody ${number}`, roles]));
  const left = missing(governance, acting, anybody);
  if (left === null) refuse("governance_names_people", "governance names people whom nobody can replace");
  return left.people;
}

/** Refuse an invitation of the operator once governance can act without the lost people. */
export async function requireNeeded(invitation, sources, nowMs) {
  const recovery = invitation?.recovery ?? null;
  if (recovery === null || !sources.hasEverybody) return;
  const acting = await actingIn(sources, nowMs);
  const left = [...acting].filter(([user]) => !recovery.lost.includes(user));
  if (met(sources.charter.governance, new Map(left))) {
    refuse("governance_can_act", "governance can act again: ask for an invitation by a change");
  }
}

/** Return the end of the operator's invitations; a passkey of somebody who governs confirms it. */
export async function decideEnd({ act, assertion }, by, context) {
  const { charter, nowMs } = context;
  const { key, signed } = await signedBy(by, act, ACT.CANCEL_OPERATOR_INVITATIONS, context);
  const { recovery } = signed;
  const found = charter.invitations.filter((each) => each.recovery?.id === recovery);
  if (!found.length) refuse("recovery_unknown", "the operator began no such recovery");
  if (!found.some(({ cancelled, expiresAt }) => !cancelled && nowMs < toMs(expiresAt))) {
    refuse("recovery_ended", "this recovery is complete, or was cancelled");
  }
  requireStanding(by);
  requirePlace(inForce(charter, by), charter.governance);
  const signCount = await confirm(by, act, assertion, context);
  return { recovery, by: by.user, kid: key.kid, act, assertion, signCount };
}
