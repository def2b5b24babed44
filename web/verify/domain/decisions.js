// Mirrors ledger.domain.decisions: approve, reject, retract, withdraw. Recomputes each decision from
// its evidence.

import { requireAfter } from "../clock.js";
import { length } from "../encoding.js";
import { isFinding, refuse } from "../errors.js";
import { ACT, parseAct } from "./acts.js";
import { parseApproval, verifyApproval } from "./approval.js";
import { requireFloor } from "./charter_values.js";
import { counted, stands, stepsGiven, without } from "./counting.js";
import { activeKey, signedBy } from "./person.js";
import { maySign, mayVeto } from "./policy.js";
import { requireReadable } from "./readers.js";
import { seenOf } from "./seen.js";
import { requireReason, requireStanding } from "./standing.js";
import { freshnessOf } from "./statement_types.js";
import { stepFor } from "./steps.js";
import { confirm } from "./stepup.js";
import { requireText } from "./text.js";
import { canBeMet, lowersReplaced, mayApprove, meets, needsPasskey, requireStatus } from "./versions.js";
import { STATUS } from "./vocabulary.js";

const MOST_REASON_CHARS = 2000;

/** Return the approval of a statement; `people` are everybody, user to person. */
export async function decideApproval(statement, { jws: source, assertion }, person, people, context) {
  const { ledger, nowMs } = context;
  // 1. The key, as it stood at this position.
  const jws = parseApproval(source);
  const key = activeKey(person, jws.header.kid, nowMs);
  // 2. The signature, over this statement and nothing else, which this person may read.
  await requireReadable(statement, person, jws, key.jwk);
  const signer = person.user;
  const freshnessMs = freshnessOf(context.charter.types, statement.type);
  const about = { ledger, signer, nowMs, freshnessMs };
  const { form, iat } = await verifyApproval(jws, key.jwk, statement, about);
  requireAfter(iat, statement.createdMs);
  // 3. The statement takes approvals; this person may give one and has not yet.
  requireOrder(statement, person, iat);
  requireStatus(statement, context, STATUS.PENDING, STATUS.APPROVED);
  requireStanding(person);
  if (!mayApprove(statement, person) || !maySign(person.roles)) {
    refuse("not_a_signer", "the policy does not ask for this person");
  }
  if (stands(statement.approvals, person)) refuse("already_approved", "already approved");
  // 4. The step that it fills, if the policy has steps.
  const step = stepOf(statement, person, people, context.roles);
  // 5. A fresh passkey assertion where the policy asks for one; the floor as it is now.
  const signCount = await confirmed(statement, source, assertion, person, context);
  if (statement.items === null) requireFloor(statement.policy, context.charter.values.floor);
  // 6. The status that follows: once reached it stays, and what is in question adds nothing to it.
  const counting = new Map([...counted(statement.approvals, people), [signer, person.roles]]);
  const steps = new Map([...stepsGiven(statement.approvals), ...(step === null ? [] : [[signer, step]])]);
  const isReached = statement.status === STATUS.APPROVED || meets(statement, counting, steps);
  return {
    signer,
    kid: key.kid,
    roles: [...person.roles].sort(),
    form,
    iat,
    status: isReached ? STATUS.APPROVED : STATUS.PENDING,
    jws: source,
    assertion,
    signCount,
    step,
    seen: seenOf(statement, person, people, context),
  };
}

/** Return the rejection of a statement; `people` are everybody, user to person. */
export async function decideRejection(statement, body, person, people, context) {
  const { key, signed: act } = await actAbout(statement, body.act, ACT.REJECT, person, context);
  requireReason(act.reason);
  requireOrder(statement, person, act.iat);
  requireStatus(statement, context, STATUS.PENDING);
  requireStanding(person);
  const { user, roles } = person;
  const vetoes = mayVeto(statement.policy, user, roles);
  if (!(vetoes || mayApprove(statement, person)) || !maySign(roles)) {
    refuse("not_a_signer", "the policy does not ask for this person");
  }
  if (stands(statement.approvals, person)) refuse("already_approved", "already approved");
  if (stands(statement.rejections, person)) refuse("already_rejected", "already rejected");
  const signCount = await confirmed(statement, body.act, body.assertion, person, context);
  const ends = vetoes || !canBeMet(statement, context.roles, {
    approvals: counted(without(statement.approvals, user), people),
    steps: stepsGiven(statement.approvals),
    without: [...counted(statement.rejections, people).keys(), user],
  });
  return {
    signer: user,
    kid: key.kid,
    roles: [...roles].sort(),
    reason: act.reason,
    iat: act.iat,
    status: ends ? STATUS.REJECTED : STATUS.PENDING,
    act: body.act,
    assertion: body.assertion,
    signCount,
    seen: seenOf(statement, person, people, context),
  };
}

/**
 * Return the step that an approval fills, null in a policy without steps; an approval that the
 * replaced policy needs is taken at any time and fills none.
 */
function stepOf(statement, person, people, openRoles) {
  const { approvals, replaced } = statement;
  const own = new Map([...approvals].filter(([, { step }]) => !replaced || step !== null));
  try {
    return stepFor({ ...statement, approvals: own }, person, people, openRoles);
  } catch (error) {
    if (isFinding(error) && lowersReplaced(statement, counted(approvals, people), person)) return null;
    throw error;
  }
}

/** Return the retraction of a person's own approval of a pending statement; `people` are everybody. */
export async function decideRetraction(statement, body, person, people, context) {
  const { key, signed: act } = await actAbout(statement, body.act, ACT.RETRACT, person, context);
  requireOptionalReason(act.reason);
  requireOrder(statement, person, act.iat);
  requireStatus(statement, context, STATUS.PENDING);
  requireStanding(person);
  if (!stands(statement.approvals, person)) {
    refuse("not_approved", "this person has no approval that counts");
  }
  return {
    signer: person.user,
    kid: key.kid,
    iat: act.iat,
    act: body.act,
    reason: act.reason,
    assertion: body.assertion,
    signCount: await confirmed(statement, body.act, body.assertion, person, context),
    seen: seenOf(statement, person, people, context),
  };
}

/** Return the withdrawal of a pending statement by its creator; `people` are everybody. */
export async function decideWithdrawal(statement, { act: source }, person, people, context) {
  const { key, signed: act } = await actAbout(statement, source, ACT.WITHDRAW, person, context);
  requireOptionalReason(act.reason);
  requireOrder(statement, person, act.iat);
  requireStatus(statement, context, STATUS.PENDING);
  requireStanding(person);
  if (person.user !== statement.creator) {
    refuse("creator_only", "only its creator may withdraw a statement");
  }
  const seen = seenOf(statement, person, people, context);
  return { signer: person.user, kid: key.kid, act: source, reason: act.reason, seen };
}

/** Return the verified act about this statement, and the key that signed it. */
export async function actAbout(statement, source, kind, person, context) {
  const jws = parseAct(source);
  const { jwk } = activeKey(person, jws.header.kid, context.nowMs, { act: kind });
  await requireReadable(statement, person, jws, jwk);
  const about = { statementId: statement.id, sha256: statement.sha256 };
  const freshnessMs = freshnessOf(context.charter.types, statement.type);
  const found = await signedBy(person, source, kind, { ...context, about, freshnessMs });
  requireAfter(found.signed.iat, statement.createdMs);
  return found;
}

/** Refuse a reason that is too long, or has a character that no text may have. */
export function requireOptionalReason(reason) {
  if (reason !== null && length(reason) > MOST_REASON_CHARS) {
    refuse("reason_invalid", "a reason must have at most 2,000 characters");
  }
  requireText(reason ?? "", "reason");
}

/** Refuse a decision that was not signed later than the same person's one before. */
function requireOrder({ decided }, { user }, iat) {
  if (decided.has(user) && iat <= decided.get(user)) {
    refuse("out_of_order", "this person signed a later decision already");
  }
}

async function confirmed(statement, source, assertion, person, context) {
  if (!needsPasskey(statement)) {
    if (assertion !== null) refuse("assertion_unexpected", "this policy does not use passkey assertions");
    return null;
  }
  return confirm(person, source, assertion, context);
}
