// Mirrors ledger.domain.statement: approve, reject, withdraw. Recomputes each decision from
// its evidence, and folds the events.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { length } from "../encoding.js";
import { refuse } from "../errors.js";
import { ACT, parseAct } from "./acts.js";
import { parseApproval, verifyApproval } from "./approval.js";
import { counted, recorded, stands, stepsGiven, without } from "./counting.js";
import { isChange, parseItems } from "./changes/items.js";
import { endsMs, isPlain, parseDocument } from "./document.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { activeKey, signedBy } from "./person.js";
import { excluded, met, possible } from "./places.js";
import { mayApprove, maySign, mayVeto } from "./policy.js";
import { audienceOf, requireReadable } from "./readers.js";
import { confirm } from "./stepup.js";
import { requireReason, requireStanding } from "./standing.js";
import { stepFor } from "./steps.js";
import { requireText } from "./text.js";
import { ASSURANCE, STATUS } from "./vocabulary.js";

const MOST_REASON_CHARS = 2000;

// By tag: what an event changes in a statement.
const CHANGES = forEveryTagOf(STREAM_OF.STATEMENT, {
  [TAG.STATEMENT_DRAFTED]: (_, body) => drafted(body),
  [TAG.STATEMENT_SIGNED]: ({ approvals, rejections, decided }, body, at) => ({
    status: body.status,
    approvals: new Map([...approvals, [body.signer, recorded(body, at)]]),
    rejections: without(rejections, body.signer),
    decided: new Map([...decided, [body.signer, body.iat]]),
  }),
  [TAG.STATEMENT_REJECTED]: ({ approvals, rejections, decided }, body, at) => ({
    status: body.status,
    approvals: without(approvals, body.signer),
    rejections: new Map([...rejections, [body.signer, recorded(body, at)]]),
    decided: new Map([...decided, [body.signer, body.iat]]),
  }),
  [TAG.STATEMENT_WITHDRAWN]: () => ({ status: STATUS.WITHDRAWN }),
  [TAG.STATEMENT_WITHDRAWN_BY_CHANGE]: () => ({ status: STATUS.WITHDRAWN }),
});

/** Return the statement after one more event of its stream. */
export async function evolveStatement(statement, { type, version, at, body }) {
  return { ...statement, ...(await CHANGES[type](statement, body, at)), version };
}

async function drafted({ document: source, creator, readBy }) {
  const raw = bytesOf(source);
  const document = parseDocument(raw);
  const { statementId, title, content, policy } = document;
  return {
    id: statementId,
    creator,
    title,
    policy,
    audience: audienceOf(document, readBy),
    endsMs: endsMs(document),
    isPlain: isPlain(document),
    items: isChange(document) ? parseItems(document) : null,
    sha256: await sha256Hex(raw),
    payloadSha256: await sha256Hex(toBase64Url(raw)),
    contentSha256: await sha256Hex(content),
    status: STATUS.PENDING,
    approvals: new Map(),
    rejections: new Map(),
    decided: new Map(),
  };
}

/** Return the status at a time: a pending statement expires without an event. */
export function statusAt({ endsMs: ends, status }, nowMs) {
  const late = ends <= nowMs;
  return late && status === STATUS.PENDING ? STATUS.EXPIRED : status;
}

/** Return the approval of a statement; `people` are everybody, user to person. */
export async function decideApproval(statement, { jws: source, assertion }, person, people, context) {
  const { ledger, nowMs } = context;
  // 1. The key, as it stood at this position.
  const jws = parseApproval(source);
  const key = activeKey(person, jws.header.kid, nowMs);
  // 2. The signature, over this statement and nothing else, which this person may read.
  await requireReadable(statement, person, jws, key.jwk);
  const signer = person.user;
  const { form, iat } = await verifyApproval(jws, key.jwk, statement, { ledger, signer, nowMs });
  // 3. The statement takes approvals; this person may give one and has not yet.
  requireOrder(statement, person, iat);
  requireStatus(statement, nowMs, STATUS.PENDING, STATUS.APPROVED);
  requireStanding(person);
  const eligible = mayApprove(statement.policy, signer, person.roles, statement.creator);
  if (!eligible || !maySign(person.roles)) {
    refuse("not_a_signer", "the policy does not ask for this person");
  }
  if (stands(statement.approvals, person)) refuse("already_approved", "already approved");
  // 4. The step that it fills, if the policy has steps.
  const step = stepFor(statement, person, people, context.roles);
  // 5. A fresh passkey assertion where the policy asks for one.
  const signCount = await confirmed(statement, source, assertion, person, context);
  // 6. The status that follows: once reached it stays, and what is in question adds nothing to it.
  const counting = new Map([...counted(statement.approvals, people), [signer, person.roles]]);
  const steps = new Map([...stepsGiven(statement.approvals), ...(step === null ? [] : [[signer, step]])]);
  const isReached = statement.status === STATUS.APPROVED || met(statement.policy, counting, steps);
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
  };
}

/** Return the rejection of a statement; `people` are everybody, user to person. */
export async function decideRejection(statement, body, person, people, context) {
  const { key, signed: act } = await actAbout(statement, body.act, ACT.REJECT, person, context);
  requireReason(act.reason);
  requireOrder(statement, person, act.iat);
  requireStatus(statement, context.nowMs, STATUS.PENDING);
  requireStanding(person);
  const { policy, creator } = statement;
  const { user, roles } = person;
  const vetoes = mayVeto(policy, user, roles);
  if (!(vetoes || mayApprove(policy, user, roles, creator)) || !maySign(roles)) {
    refuse("not_a_signer", "the policy does not ask for this person");
  }
  if (stands(statement.approvals, person)) refuse("already_approved", "already approved");
  if (stands(statement.rejections, person)) refuse("already_rejected", "already rejected");
  const signCount = await confirmed(statement, body.act, body.assertion, person, context);
  const refused = [...counted(statement.rejections, people).keys(), user];
  const given = counted(without(statement.approvals, user), people);
  const ends = vetoes || !stillPossible(statement, refused, given, context.roles);
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
  };
}

/** Tell whether people could still meet the policy without those who rejected. */
function stillPossible({ policy, creator, approvals: all }, refused, approvals, openRoles) {
  const without = [...refused, ...excluded(policy, creator)];
  return possible(policy, openRoles, { approvals, steps: stepsGiven(all), without });
}

/** Return the withdrawal of a pending statement by its creator. */
export async function decideWithdrawal(statement, { act: source }, person, context) {
  const { key, signed: act } = await actAbout(statement, source, ACT.WITHDRAW, person, context);
  if (act.reason !== null && length(act.reason) > MOST_REASON_CHARS) {
    refuse("reason_invalid", "a reason must have at most 2,000 characters");
  }
  requireText(act.reason ?? "", "reason");
  requireOrder(statement, person, act.iat);
  requireStatus(statement, context.nowMs, STATUS.PENDING);
  requireStanding(person);
  if (person.user !== statement.creator) {
    refuse("creator_only", "only its creator may withdraw a statement");
  }
  return { signer: person.user, kid: key.kid, act: source, reason: act.reason };
}

/** Tell whether a statement is approved, and would not be without what is in question. */
export const isInQuestion = ({ status, policy, approvals }, people) =>
  status === STATUS.APPROVED && !met(policy, counted(approvals, people), stepsGiven(approvals));

/** Return the verified act about this statement, and the key that signed it. */
async function actAbout(statement, source, kind, person, context) {
  const jws = parseAct(source);
  const { jwk } = activeKey(person, jws.header.kid, context.nowMs);
  await requireReadable(statement, person, jws, jwk);
  const about = { statementId: statement.id, sha256: statement.sha256 };
  return signedBy(person, source, kind, { ...context, about });
}

/** Refuse a decision that was not signed later than the same person's one before. */
function requireOrder({ decided }, { user }, iat) {
  if (decided.has(user) && iat <= decided.get(user)) {
    refuse("out_of_order", "this person signed a later decision already");
  }
}

/** Refuse a statement that has none of these statuses. */
export function requireStatus(statement, nowMs, ...allowed) {
  const status = statusAt(statement, nowMs);
  if (!allowed.includes(status)) refuse(`statement_${status}`, `the statement is ${status}`);
}

async function confirmed(statement, source, assertion, person, context) {
  if (statement.policy.assurance === ASSURANCE.KEY) {
    if (assertion !== null) refuse("assertion_unexpected", "this policy does not use passkey assertions");
    return null;
  }
  return confirm(person, source, assertion, context);
}
