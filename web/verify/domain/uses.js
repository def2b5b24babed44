// Mirrors ledger.domain.uses: use an approved statement, and report the outcome.

import { toMs } from "../clock.js";
import { length, strip } from "../encoding.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { precedesLoss } from "./charter.js";
import { counted, stepsGiven } from "./counting.js";
import { actAbout, requireOptionalReason } from "./decisions.js";
import { covers, maySign } from "./policy.js";
import { takesPart } from "./readers.js";
import { seenOf } from "./seen.js";
import { refuseBeyond, requireCovered } from "./holdings.js";
import { requireStanding } from "./standing.js";
import { findUse } from "./statement.js";
import { confirm } from "./stepup.js";
import { requireText } from "./text.js";
import { nextUse, GENERATIONS } from "./usable.js";
import { meets, requireStatus } from "./versions.js";
import { STATUS, USE_OUTCOME } from "./vocabulary.js";

const NONCE = /^[A-Za-z0-9_-]{22,86}$/;
const MAX_REFERENCE_CHARS = 200;

/** Return the use of an approved statement; `people` are everybody, user to person. */
export async function decideUse(statement, { act: source }, person, people, context) {
  const { key, signed: act } = await actAbout(statement, source, ACT.USE, person, context);
  requireGrammar(act);
  if (statement.uses.some(({ user, nonce }) => user === person.user && nonce === act.nonce)) {
    refuse("use_known", "this person has used the statement with this nonce");
  }
  requireStatus(statement, context, STATUS.APPROVED);
  const { by, times } = requireUsableNow(statement, context);
  const following = nextUse(times, statement.uses)
    ?? refuse("used_up", "the statement has been used as often as it allows");
  if (!meets(statement, counted(statement.approvals, people), stepsGiven(statement.approvals))) {
    refuse("statement_in_question", "without the approvals in question it would not be approved");
  }
  requireStanding(person);
  requireCovered(key, statement.type);
  if (!maySign(person.roles) || !by.some((member) => covers(member, person.user, person.roles))) {
    refuse("use_not_allowed", "the statement names other executors");
  }
  return {
    signer: person.user,
    kid: key.kid,
    ...following,
    nonce: act.nonce,
    act: source,
    reference: act.reference,
    seen: seenOf(statement, person, people, context, [...statement.approvals.keys()]),
  };
}

function requireGrammar({ nonce, reference }) {
  if (!NONCE.test(nonce)) refuse("nonce_invalid", "a nonce is 16 to 64 random bytes in base64url");
  if (reference === null) return;
  if (!strip(reference) || length(reference) > MAX_REFERENCE_CHARS) {
    refuse("reference_invalid", `a reference has 1 to ${MAX_REFERENCE_CHARS} characters`);
  }
  requireText(reference, "reference");
}

function requireUsableNow({ usable, draftedAt }, { nowMs, charter }) {
  if (usable === null) refuse("not_usable", "the statement names no executors");
  if (precedesLoss(charter, draftedAt)) {
    refuse("uses_void", "the ledger lost entries: the uses that were left are void");
  }
  if (usable.until !== null && toMs(usable.until) <= nowMs) {
    refuse("use_expired", "the statement could be used until an earlier time");
  }
  return usable;
}

/** Return the outcome of a use, as its executor reports it or another participant confirms it. */
export async function decideOutcome(statement, body, person, people, context) {
  const { key, signed: act } = await actAbout(statement, body.act, ACT.OUTCOME, person, context);
  requireOptionalReason(act.reason);
  const found = findUse(statement, act) ?? refuse("use_unknown", "there is no such use");
  const isOwn = person.user === found.user;
  requireOpen(found, act, isOwn);
  requireStanding(person);
  requireCovered(key, statement.type);
  if (!isOwn && key.service) refuseBeyond(); // a person confirms, with their own key
  if (!isOwn) requireConfirmer(statement, person, act);
  if (isOwn && body.assertion !== null) {
    refuse("assertion_unexpected", "the report of one’s own use needs no passkey");
  }
  return {
    signer: person.user,
    kid: key.kid,
    number: act.number,
    generation: act.generation,
    outcome: act.outcome,
    frees: !isOwn,
    act: body.act,
    reason: act.reason,
    assertion: body.assertion,
    signCount: isOwn ? null : await confirm(person, body.act, body.assertion, context),
    seen: seenOf(statement, person, people, context, []),
  };
}

function requireOpen({ outcome, generation, freed }, act, isOwn) {
  const { DONE, NOT_DONE } = USE_OUTCOME;
  if (isOwn) {
    if ([DONE, NOT_DONE, act.outcome].includes(outcome)) {
      refuse("outcome_known", "the outcome of this use is already reported");
    }
    return;
  }
  if (outcome !== NOT_DONE) refuse("outcome_missing", "its executor has not reported it as not done");
  if (freed || generation === GENERATIONS) refuse("use_freed", "the number of a use is freed once only");
}

function requireConfirmer({ audience }, person, { outcome }) {
  if (outcome !== USE_OUTCOME.NOT_DONE || !takesPart(audience, person) || !maySign(person.roles)) {
    refuse("outcome_not_allowed", "others who take part confirm that a use was not done");
  }
}
