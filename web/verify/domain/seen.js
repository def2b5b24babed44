// Mirrors ledger.domain.seen: which versions of other streams a decision on a statement has seen.

import { refuse } from "../errors.js";
import { STREAM } from "./charter.js";
import { countsOn } from "./statement.js";

/** Return what the event of a decision names; `before` is what the statement's earlier events name, and
 * `earlier` the statement that a draft supersedes, or that a version is to replace. */
export function seenBy(before, charter, people, earlier = null) {
  const read = new Map([[STREAM, charter.version], ...people.map(({ user, version }) => [user, version])]);
  if (earlier) read.set(earlier.id, earlier.version);
  const changed = [...read].filter(([stream, version]) => before[stream] !== version);
  return Object.fromEntries(changed.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Return what the event of a decision names; `people` are everybody, `users` whose decisions it counted. */
export function seenOf(statement, person, people, { charter, earlier = null }, users = countsOn(statement)) {
  const counting = users.map((user) => people.get(user));
  return seenBy(statement.seen, charter, [...counting, person], earlier);
}

/** Refuse an event that names other versions than it has to. */
export function requireSeen(body, expected) {
  if (JSON.stringify(body.seen) !== JSON.stringify(expected.seen)) {
    refuse("seen_mismatch", "the decision saw other versions of the streams that it depends on");
  }
}
