// Mirrors ledger.domain.holds: a change keeps a statement or a name from being erased, until another
// releases it.

import { refuse } from "../errors.js";

/** Return what a charter knows a hold by. */
export const heldKey = ({ kind, held }) => `${kind}/${held}`;

/** Return the members of a hold; `subject` is null where the evidence leaves it out. */
export function holdOf(charter, item, subject) {
  const { kind, held } = named(item);
  if (charter.held.includes(heldKey({ kind, held }))) noEffect("it is held already");
  if (subject && kind === "statement") {
    if (subject.items !== null) noEffect("nobody can erase a change");
    if (subject.erasedBy) noEffect("the statement is erased");
  }
  if (subject && kind === "name" && subject.nameErasedBy !== null) noEffect("the name is erased");
  return { kind, held };
}

/** Return the members of the release of a hold. */
export function releaseOf(charter, item) {
  const found = named(item);
  if (!charter.held.includes(heldKey(found))) noEffect("it is not held");
  return found;
}

/** Refuse the erasure of what is held. */
export function requireFree({ held }, kind, subject) {
  if (held.includes(heldKey({ kind, held: subject }))) refuse("on_hold", "a hold keeps this from being erased: release it first");
}

const named = ({ statement, user }) =>
  statement === null ? { kind: "name", held: user } : { kind: "statement", held: statement };

const noEffect = (why) => refuse("change_no_effect", `an item of this change does nothing: ${why}`);
