// Mirrors ledger.domain.readers: who may read a statement, and so who can decide on it.

import { refuse } from "../errors.js";
import { verifyCompact } from "../jose/compact.js";
import { isChange } from "./changes/items.js";
import { covers, members, ROLE, split } from "./policy.js";
import { READ_BY, REGISTRATION } from "./vocabulary.js";

// What a person gets of a statement that is not there, and of one that they may not read.
export const UNKNOWN_STATEMENT = ["statement_unknown", "there is no statement that this person may read"];

/** Return whom a drafted document is for. */
export const audienceOf = ({ creator, policy, readers, usable }, { readBy, drafters }, replaced = null) => ({
  readBy,
  creator,
  members: [
    ...members(policy), ...policy.veto, ...(readers ?? []), ...(usable?.by ?? []), ...drafters,
    ...(replaced ? members(replaced) : []),
  ],
});

/** Return who reads a statement that is drafted while this is the mode of registration. */
export function readByOf(document, registration) {
  const isForAll = document.readers === null && registration === REGISTRATION.OPEN;
  return isForAll || isChange(document) ? READ_BY.EVERYONE : READ_BY.PARTICIPANTS;
}

/** Tell whether a person takes part in a statement. */
export const takesPart = ({ creator, members: named }, { user, roles }) =>
  user === creator || named.some((member) => covers(member, user, roles));

/** Tell whether a person may read a statement. */
export const mayRead = (audience, person) =>
  audience.readBy === READ_BY.EVERYONE || person.roles.includes(ROLE.AUDITOR)
  || takesPart(audience, person);

/** Refuse a reader that is no role of the ledger. */
export function requireKnownReaders({ readers }, known) {
  for (const reader of readers ?? []) {
    const [kind, name] = split(reader);
    if (kind === "role" && !known.includes(name)) {
      refuse("readers_invalid", `${name} is no role of this ledger`);
    }
  }
}

/** Refuse a signer who may not read the statement, or if it is erased; an invalid signature is named first. */
export async function requireReadable({ audience, isErased }, person, jws, jwk) {
  const isReadable = mayRead(audience, person);
  if (isReadable && !isErased) return;
  await verifyCompact(jws, jwk);
  if (!isReadable) refuse(...UNKNOWN_STATEMENT);
  refuse("statement_erased", "the statement was erased by a change");
}
