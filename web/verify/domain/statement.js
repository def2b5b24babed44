// Mirrors ledger.domain.statement: approve, reject, withdraw. Recomputes each decision from
// its evidence, and folds the events.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { length, strip } from "../encoding.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { parseApproval, verifyApproval } from "./approval.js";
import { parseDocument } from "./document.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { confirmationChallenge, verifyAssertion } from "./passkey.js";
import { activeKey, activePasskey, signedBy } from "./person.js";
import { excluded, met, possible } from "./places.js";
import { mayApprove, maySign, mayVeto, VOTING_ROLES } from "./policy.js";
import { ASSURANCE, STATUS } from "./vocabulary.js";

const REASON_CHARS = [10, 2000];

// By tag: what an event changes in a statement.
const CHANGES = forEveryTagOf(STREAM_OF.STATEMENT, {
  [TAG.STATEMENT_DRAFTED]: (_, body) => drafted(body),
  [TAG.STATEMENT_SIGNED]: ({ approvals, rejections }, { status, signer, roles }) => ({
    status,
    approvals: new Map([...approvals, [signer, roles]]),
    rejections: rejections.filter((user) => user !== signer),
  }),
  [TAG.STATEMENT_REJECTED]: ({ rejections }, { status, signer }) => ({
    status,
    rejections: [...new Set([...rejections, signer])],
  }),
  [TAG.STATEMENT_WITHDRAWN]: () => ({ status: STATUS.WITHDRAWN }),
});

/** Return the statement after one more event of its stream. */
export async function evolveStatement(statement, { type, version, body }) {
  return { ...statement, ...(await CHANGES[type](statement, body)), version };
}

async function drafted({ document: source, creator }) {
  const raw = bytesOf(source);
  const { statementId, title, content, policy } = parseDocument(raw);
  return {
    id: statementId,
    creator,
    title,
    policy,
    sha256: await sha256Hex(raw),
    payloadSha256: await sha256Hex(toBase64Url(raw)),
    contentSha256: await sha256Hex(content),
    status: STATUS.PENDING,
    approvals: new Map(),
    rejections: [],
  };
}

/** Return the status at a time: a pending statement expires without an event. */
export function statusAt({ policy, status }, nowMs) {
  const late = policy.expiresAt !== null && toMs(policy.expiresAt) <= nowMs;
  return late && status === STATUS.PENDING ? STATUS.EXPIRED : status;
}

/** Return the approval of a statement. */
export async function decideApproval(statement, { jws: source, assertion }, person, context) {
  const { ledger, nowMs } = context;
  // 1. The key, as it stood at this position.
  const jws = parseApproval(source);
  const key = activeKey(person, jws.header.kid, nowMs);
  // 2. The signature, over this statement and nothing else.
  const signer = person.user;
  const form = await verifyApproval(jws, key.jwk, statement, { ledger, signer, nowMs });
  // 3. The statement takes approvals; this person may give one and has not yet.
  requireStatus(statement, nowMs, STATUS.PENDING, STATUS.APPROVED);
  const eligible = mayApprove(statement.policy, signer, person.roles, statement.creator);
  if (!eligible || !maySign(person.roles)) {
    refuse("not_a_signer", "the policy does not ask for this person");
  }
  if (statement.approvals.has(signer)) refuse("already_approved", "already approved");
  // 4. A fresh passkey assertion where the policy asks for one.
  const signCount = await confirm(statement, source, assertion, person, context);
  // 5. The status that follows.
  const approvals = new Map([...statement.approvals, [signer, person.roles]]);
  return {
    signer,
    kid: key.kid,
    roles: [...person.roles].sort(),
    form,
    status: met(statement.policy, approvals) ? STATUS.APPROVED : STATUS.PENDING,
    jws: source,
    assertion,
    signCount,
  };
}

/** Return the rejection of a statement. */
export async function decideRejection(statement, body, person, context) {
  const { key, signed: act } = await signedBy(person, body.act, ACT.REJECT, context);
  requireSubject(statement, act);
  const [least, most] = REASON_CHARS;
  if (length(strip(act.reason)) < least || length(act.reason) > most) {
    refuse("reason_invalid", "a reason must have 10 to 2,000 characters");
  }
  requireStatus(statement, context.nowMs, STATUS.PENDING);
  const { policy, creator } = statement;
  const { user, roles } = person;
  const vetoes = mayVeto(policy, user, roles);
  if (!(vetoes || mayApprove(policy, user, roles, creator)) || !maySign(roles)) {
    refuse("not_a_signer", "the policy does not ask for this person");
  }
  if (statement.approvals.has(user)) refuse("already_approved", "already approved");
  if (statement.rejections.includes(user)) refuse("already_rejected", "already rejected");
  const signCount = await confirm(statement, body.act, body.assertion, person, context);
  const refused = [...statement.rejections, user];
  const ends = vetoes || !stillPossible(statement, refused);
  return {
    signer: user,
    kid: key.kid,
    roles: [...roles].sort(),
    reason: act.reason,
    status: ends ? STATUS.REJECTED : STATUS.PENDING,
    act: body.act,
    assertion: body.assertion,
    signCount,
  };
}

/** Tell whether people could still meet the policy without those who rejected. */
function stillPossible({ policy, creator, approvals }, refused) {
  const without = [...refused, ...excluded(policy, creator)];
  return possible(policy, VOTING_ROLES, { approvals, without });
}

/** Return the withdrawal of a pending statement by its creator. */
export async function decideWithdrawal(statement, { act: source }, person, context) {
  const { key, signed: act } = await signedBy(person, source, ACT.WITHDRAW, context);
  requireSubject(statement, act);
  if (act.reason !== null && length(act.reason) > REASON_CHARS[1]) {
    refuse("reason_invalid", "a reason must have at most 2,000 characters");
  }
  if (person.user !== statement.creator) {
    refuse("creator_only", "only its creator may withdraw a statement");
  }
  requireStatus(statement, context.nowMs, STATUS.PENDING);
  return { signer: person.user, kid: key.kid, act: source, reason: act.reason };
}

function requireSubject(statement, act) {
  if (act.statementId !== statement.id || act.sha256 !== statement.sha256) {
    refuse("act_mismatch", "the act names another statement");
  }
}

function requireStatus(statement, nowMs, ...allowed) {
  const status = statusAt(statement, nowMs);
  if (!allowed.includes(status)) refuse(`statement_${status}`, `the statement is ${status}`);
}

async function confirm(statement, source, assertion, person, { ledger, party }) {
  if (statement.policy.assurance === ASSURANCE.KEY) {
    if (assertion !== null) refuse("assertion_unexpected", "this policy does not use passkey assertions");
    return null;
  }
  if (assertion === null) refuse("assertion_required", "this policy asks for a passkey");
  const passkey = activePasskey(person, assertion.credentialId);
  const about = { jws: source, ledger, documentSha256: statement.sha256 };
  const challenge = await confirmationChallenge(about);
  return verifyAssertion(assertion, { challenge, passkey, party });
}
