// Mirrors ledger.verify.shown_statements: what a report shows of each statement.

import { precedesLoss } from "../domain/charter.js";
import { inQuestion, recorded } from "../domain/counting.js";
import { forEveryTagOf, kidOf, STREAM_OF, TAG } from "../domain/events.js";
import { settled } from "../domain/person.js";
import { findUse, statusAt } from "../domain/statement.js";
import { isInQuestion, isOutrun } from "../domain/versions.js";
import { DECISION, STATUS } from "../domain/vocabulary.js";
import { policySentence } from "../../static/js/lib/policy.js";

// By tag: which decision an event is; null for none.
const DECISIONS = forEveryTagOf(STREAM_OF.STATEMENT, {
  [TAG.STATEMENT_DRAFTED]: null,
  [TAG.STATEMENT_SIGNED]: DECISION.APPROVAL,
  [TAG.STATEMENT_REJECTED]: DECISION.REJECTION,
  [TAG.APPROVAL_RETRACTED]: DECISION.RETRACTION,
  [TAG.STATEMENT_USED]: null,
  [TAG.OUTCOME_REPORTED]: null,
  [TAG.STATEMENT_SUPERSEDED]: null,
  [TAG.STATEMENT_WITHDRAWN]: DECISION.WITHDRAWAL,
  [TAG.STATEMENT_WITHDRAWN_BY_CHANGE]: null,
  [TAG.BODIES_ERASED]: null,
});

/** Return the statements of a bundle, given the auditor after all its events. */
export function shownOf(ids, events, auditor, nowMs) {
  const mine = new Map(ids.map((id) => [id, []]));
  const accounts = new Map(); // the names of service accounts by the kids of their keys
  for (const event of events) {
    mine.get(event.stream)?.push(event);
    if (event.type === TAG.SERVICE_ACCOUNT_ADDED) accounts.set(event.body.kid, event.body.name);
  }
  const accountOf = (event) => accounts.get(kidOf(event)) ?? null;
  const names = Object.fromEntries([...auditor.people].map(([user, { name }]) => [user, name]));
  return ids.map((id) => shown(id, mine.get(id), auditor, { accountOf, names, nowMs }));
}

function shown(id, mine, { statements, people, charter }, { accountOf, names, nowMs }) {
  const statement = statements.get(id);
  const earlier = statements.get(statement.supersedes?.statement);
  const ended = isOutrun(statement, earlier) ? earlier : null; // another version came first
  const person = (user) => ({ user, name: people.get(user).name });
  return {
    id,
    title: statement.title,
    status: ended ? STATUS.SUPERSEDED : statusAt(statement, { nowMs, charter }),
    inQuestion: isInQuestion(statement, people),
    type: statement.type,
    approvers: [...statement.approvals.keys()].map(person),
    decisions: mine.filter(({ type }) => DECISIONS[type]).map(({ position, at, type, body }) => ({
      position,
      at,
      ...person(body.signer),
      decision: DECISIONS[type],
      kid: body.kid,
      form: body.form ?? null,
      inQuestion: inQuestion(people.get(body.signer), recorded(body, at)),
      keyRevoked: settled(people.get(body.signer), nowMs).keys.get(body.kid).revoked,
      reEnrolledAt: settled(people.get(body.signer), nowMs).reEnrolledAt,
      standing: settled(people.get(body.signer), nowMs).standing,
      admittedBy: people.get(body.signer).admittedBy,
    })),
    usable: statement.usable,
    uses: mine.filter(({ type }) => type === TAG.STATEMENT_USED).map(({ position, at, type, body }) => ({
      position,
      at,
      ...person(body.signer),
      account: accountOf({ type, body }),
      number: body.number,
      generation: body.generation,
      reference: body.reference,
      outcome: findUse(statement, body).outcome,
      freed: findUse(statement, body).freed,
    })),
    usesVoid: statement.usable !== null && precedesLoss(charter, statement.draftedAt),
    supersedes: statement.supersedes?.statement ?? null,
    supersededBy: ended?.supersededBy ?? statement.supersededBy,
    sha256: statement.sha256,
    policy: policySentence(statement.policy, names),
    policyWords: () => policySentence(statement.policy, names),
    creator: person(statement.creator),
    creatorAccount: accountOf(mine[0]),
    draftedAt: mine[0].at,
    document: mine[0].body.document,
  };
}
