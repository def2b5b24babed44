// Mirrors ledger.domain.versions: which statement a new version may supersede, what that brings
// about, and which policies its approvals have to meet.

import { same } from "../encoding.js";
import { refuse, Unknown } from "../errors.js";
import { signingRolesOf } from "./charter.js";
import { counted, stepsGiven } from "./counting.js";
import { TAG } from "./events.js";
import { excluded, lowers, met, possible, requirePossible } from "./places.js";
import { mayApprove as mayApproveBy, rootOf, stepsOf } from "./policy.js";
import { mayRead, UNKNOWN_STATEMENT } from "./readers.js";
import { requireBodies, statusAt } from "./statement.js";
import { letsDraftersSupersede } from "./statement_types.js";
import { ASSURANCE, STATUS } from "./vocabulary.js";

// --- drafts --------------------------------------------------------------------------------------

/** Return a statement that evidence names; `hasEverybody` if the whole log is here. */
export function named(id, { statements, hasEverybody }) {
  const found = statements.get(id);
  if (!found && !hasEverybody) throw new Unknown("statement_missing", `the statement ${id} is not there`);
  return found ?? refuse(...UNKNOWN_STATEMENT);
}

/** Return the statement that a document supersedes, null if it supersedes none. */
export function requireFound({ supersedes }, creator, sources) {
  if (supersedes === null) return null;
  const earlier = named(supersedes.statement, sources);
  if (!mayRead(earlier.audience, creator)) refuse(...UNKNOWN_STATEMENT);
  requireBodies(earlier);
  if (supersedes.sha256 !== earlier.sha256 || !same(supersedes.policy, earlier.policy)) {
    refuse("superseded_mismatch", "the document copies another digest or policy of the earlier statement");
  }
  return earlier;
}

/** Return the status of the statement that this person supersedes; they may draft the document. */
export function requireSupersedable(earlier, document, creator, charter, nowMs) {
  const status = statusAt(earlier, { nowMs, charter });
  if (status === STATUS.SUPERSEDED) {
    refuse("statement_superseded", "another version has replaced this one");
  }
  if (earlier.replaced && status === STATUS.PENDING) {
    refuse("version_pending", "this version is to replace an approved one: withdraw it");
  }
  if (earlier.replaced && status !== STATUS.APPROVED) {
    refuse("version_ended", "this version was to replace an approved one: supersede that one");
  }
  const byDrafters = letsDraftersSupersede(charter.types, earlier.type, document.type);
  if (earlier.creator !== creator.user && !byDrafters) {
    refuse("creator_only", "only its creator may supersede a statement, unless its type lets all who draft it");
  }
  if (earlier.items !== null) refuse("change_invalid", "nothing supersedes a change");
  if (status === STATUS.APPROVED) requirePossible(earlier.policy, creator.user, signingRolesOf(charter));
  return status;
}

/** Return what an event of a version brings about: the end of the statement that it supersedes. */
export function effects(before, after) {
  if (!after.supersedes) return [];
  const ends = before
    ? before.status === STATUS.PENDING && after.status === STATUS.APPROVED && after.replaced
    : after.earlier === STATUS.PENDING;
  if (!ends) return [];
  const body = { by: after.id };
  return [{ stream: after.supersedes.statement, type: TAG.STATEMENT_SUPERSEDED, body }];
}

// --- decisions -----------------------------------------------------------------------------------

/** Refuse a statement of any other status; a version is superseded when another replaced `earlier`. */
export function requireStatus(statement, context, ...allowed) {
  const now = statusAt(statement, context);
  const isOver = now === STATUS.PENDING && isOutrun(statement, context.earlier);
  const status = isOver ? STATUS.SUPERSEDED : now;
  if (!allowed.includes(status)) refuse(`statement_${status}`, `the statement is ${status}`);
}

/** Return the approved statement that this one is to replace, null if there is none. */
export function earlierOf(stream, sources) {
  const { replaced, supersedes } = sources.statements.get(stream) ?? {};
  return replaced ? named(supersedes.statement, sources) : null;
}

/** Tell whether another version replaced the approved statement that this one is to replace. */
export const isOutrun = ({ replaced, status }, earlier) =>
  Boolean(replaced) && status === STATUS.PENDING && earlier?.status === STATUS.SUPERSEDED;

const policies = ({ policy, replaced }) => (replaced ? [policy, replaced] : [policy]);

/** Tell whether each decision needs a passkey's assertion: if either policy asks for it. */
export const needsPasskey = (statement) =>
  policies(statement).some(({ assurance }) => assurance === ASSURANCE.PASSKEY);

/** Tell whether this person's approval can count for either policy. */
export const mayApprove = (statement, { user, roles }) =>
  policies(statement).some((each) => mayApproveBy(each, user, roles, statement.creator));

/** Tell whether approvals meet the policy, and that of the approved statement that is replaced. */
export const meets = (statement, approvals, steps) =>
  met(statement.policy, forOwn(statement, approvals, steps), steps)
  && (!statement.replaced || met(statement.replaced, forReplaced(statement, approvals)));

/** Tell whether a statement is approved, and would not be without what is in question. */
export const isInQuestion = (statement, people) =>
  statement.status === STATUS.APPROVED
  && !meets(statement, counted(statement.approvals, people), stepsGiven(statement.approvals));

/** Tell whether this person's approval lowers what the replaced policy lacks. */
export function lowersReplaced(statement, approvals, { user, roles }) {
  if (!statement.replaced) return false;
  const mine = forReplaced(statement, new Map([[user, roles]]));
  return lowers(rootOf(statement.replaced), forReplaced(statement, approvals), mine);
}

/** Tell whether people could ever meet both policies, without those who rejected. */
export function canBeMet(statement, openRoles, { approvals, steps, without }) {
  const { policy, replaced, creator } = statement;
  const own = forOwn(statement, approvals, steps);
  const elsewhere = [...approvals.keys()].filter((user) => !own.has(user));
  const forbidden = [...without, ...elsewhere, ...excluded(policy, creator)];
  if (!possible(policy, openRoles, { approvals: own, steps, without: forbidden })) return false;
  return (
    !replaced
    || possible(replaced, openRoles, {
      approvals: forReplaced(statement, approvals),
      without: [...without, ...excluded(replaced, creator)],
    })
  );
}

/**
 * Return the approvals that count for the statement's own policy: not that of a creator who may not
 * sign it, and in one with steps those that fill a step.
 */
function forOwn({ policy, replaced, creator }, approvals, steps) {
  if (!replaced) return approvals;
  const without = excluded(policy, creator);
  const isOrdered = stepsOf(policy).length > 0;
  const counts = (user) => !without.includes(user) && (steps.has(user) || !isOrdered);
  return new Map([...approvals].filter(([user]) => counts(user)));
}

/** Return the approvals that count for the policy of the statement that is replaced. */
function forReplaced({ replaced, creator }, approvals) {
  const without = excluded(replaced, creator);
  return new Map([...approvals].filter(([user]) => !without.includes(user)));
}
