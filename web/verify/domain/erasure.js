// Mirrors ledger.domain.erasure: what a change may erase, and what erasing it records. Erased evidence
// decides nothing: how the statement stood is then what the erasing event states.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { precedesLoss } from "./charter.js";
import { TAG } from "./events.js";
import { statusAt, withoutBodies } from "./statement.js";
import { same } from "../encoding.js";
import { STANDING, STATUS } from "./vocabulary.js";

const ERASING = [TAG.BODIES_ERASED, TAG.NAME_ERASED];
/** The version of the event that names a person: the last one of the registration. */
export const NAMED = 4;

/** Return what these events state of erasures, by stream. */
export const erasuresOf = (events) =>
  new Map(events.filter(({ type }) => ERASING.includes(type)).map(({ stream, body }) => [stream, body]));

/** Return the positions that erasures state, by stream. */
export const erasedPositions = (erasures) =>
  new Map([...erasures].map(([stream, { positions }]) => [stream, new Set(positions)]));

/** Tell whether a statement's evidence is gone, at a position before its erasure. */
export const isUnknown = (statement) => Boolean(statement?.isErased) && statement.erasedBy === null;

/** Return the members of the erasure of a deactivated person's name. */
export function nameErasureOf({ nameErasedBy, standing }, { positions }) {
  if (nameErasedBy !== null) refuse("change_no_effect", "the name is erased already");
  if (standing !== STANDING.DEACTIVATED) notErasable("the person is not deactivated");
  return { positions: positions.slice(NAMED - 1, NAMED) };
}

/** Tell whether a loss can have changed how a statement stands: what was pending has ended. */
export const mayBeAfter = (status, now) =>
  now === STATUS.EXPIRED || (status === STATUS.SUPERSEDED && now === STATUS.APPROVED);

/** Return the members of the erasure of a statement by a change. */
export function erasureOf(subject, { positions, versions, stated }, context) {
  if (subject.erasedBy) refuse("change_no_effect", "the statement is erased already");
  if (subject.isErased && stated) {
    return { positions, status: stated.status, successor: stated.successor };
  }
  if (subject.items !== null) notErasable("a change stays, because its effects rest on it");
  const isPending = (each) => statusAt(each, context) === STATUS.PENDING;
  if (isPending(subject)) notErasable("the statement is pending");
  if (versions.some(isPending) && !subject.supersededBy) {
    notErasable("a version that is to replace the statement is pending");
  }
  if (hasUseLeft(subject, context)) notErasable("a use of the statement is left");
  return { positions, status: statusAt(subject, context), successor: subject.supersededBy };
}

function hasUseLeft({ usable, status, draftedAt, uses }, { nowMs, charter }) {
  if (usable === null || status !== STATUS.APPROVED || precedesLoss(charter, draftedAt)) return false;
  const ended = usable.until !== null && toMs(usable.until) <= nowMs;
  return !ended && usable.times > uses.filter(({ freed }) => !freed).length;
}

/** Refuse to erase something, and say why. */
export const notErasable = (why) => refuse("not_erasable", `a change cannot erase this: ${why}`);

/** Return an erased statement as the draft of a version states it, which supersedes it. */
export const asStated = (subject, creator, { supersedes }, { earlier }, at) => ({
  ...subject,
  creator,
  sha256: supersedes.sha256,
  policy: supersedes.policy,
  status: earlier,
  draftedAt: at,
  endsMs: toMs(at) + 1,
  isErased: false,
});

// --- erased events, in the order of the log ------------------------------------------------------

/** Refuse a missing body at a position that is not in the set of those that an erasure states. */
export function requireStated(stated, position) {
  if (!stated?.has(position)) {
    refuse("body_missing", "the body is missing, and no change erased it");
  }
}

/** Return the effects that are due after an erased event, which is the first one if any is. */
export function withoutDue(due, { stream, type }) {
  if (due.length && (due[0].stream !== stream || due[0].type !== type)) {
    refuse("effects_missing", "what the last event brings about is missing");
  }
  return due.slice(1);
}

/** Return the statement after an erased event; refuse one that does not follow those before it. */
export function nextErased(known, { stream, type, version, at }, isOfPerson) {
  const begins = type === TAG.STATEMENT_DRAFTED;
  if (begins !== (version === 1) || (begins && (known || isOfPerson))) {
    refuse("event_misplaced", "a stream must begin once, with its draft");
  }
  if (version !== (known?.version ?? 0) + 1 || (known && !isUnknown(known))) {
    refuse("version_gap", "a version is missing");
  }
  return { ...withoutBodies({ stream, at, version }), seen: {} };
}

/** Return the person after the erased event that named them, which ends their registration. */
export function nextUnnamed(known, { type, version }) {
  if (type !== TAG.USER_NAMED || version !== NAMED || known.version !== NAMED - 1) {
    refuse("event_misplaced", "of a person, only the name is erased");
  }
  return { ...known, version };
}

/** Refuse an erasure that names other events than the erased ones before it. */
export function requirePassed(body, passed) {
  if (!passed) return;
  if (!same(body.positions, passed.map(({ position }) => position))) {
    refuse("erasure_mismatch", "the erasure names other positions than the events without a body");
  }
  requirePossible(body, passed.map(({ type }) => type));
}

const WITHDRAWN = [TAG.STATEMENT_WITHDRAWN, TAG.STATEMENT_WITHDRAWN_BY_CHANGE];

/** Refuse an erasure that the types of the erased events, in order, cannot lead to. */
function requirePossible({ status, successor }, types) {
  const isWithdrawn = WITHDRAWN.includes(types.at(-1));
  const isSuperseded = types.includes(TAG.STATEMENT_SUPERSEDED);
  const possible = {
    [STATUS.APPROVED]: types.includes(TAG.STATEMENT_SIGNED) && !isSuperseded,
    [STATUS.REJECTED]: types.includes(TAG.STATEMENT_REJECTED) && !isWithdrawn && !isSuperseded,
    [STATUS.WITHDRAWN]: isWithdrawn,
    [STATUS.SUPERSEDED]: isSuperseded,
    [STATUS.EXPIRED]: !isWithdrawn && !isSuperseded,
  };
  if (types[0] !== TAG.STATEMENT_DRAFTED || !possible[status]) {
    refuse("erasure_mismatch", `events of these types do not lead to a statement that is ${status}`);
  }
  if ((successor !== null) !== isSuperseded) {
    refuse("erasure_mismatch", "the erasure states another successor");
  }
}
