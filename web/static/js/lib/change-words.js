// What a change asks for, in sentences, with the values that it replaces. The sentences are those
// of src/ledger/pages/change_words.py; tests/vectors/web/changes.json holds both.

import { listed, moment, nodePhrase } from "./policy.js";
import { fill } from "./texts.js";

/**
 * Return the items of a change as `{sentence, before, after, passkeys}`. `names` gives people by
 * their id, `texts` is the catalogue. `replaced` has the values that items replace, by their digest
 * `was`. `passkeys` has those that an item names: whose, and the SHA-256 of the COSE key in hex.
 */
export function describe(items, names, texts, replaced = {}) {
  return items.map((item) => {
    const [[name, members]] = Object.entries(item);
    const key = members.people ? `change.${name}.people` : `change.${name}`;
    const sentence = fill(texts[key], values(members, names, texts));
    const passkeys = (members.people ?? [members])
      .filter(({ cose }) => cose)
      .map(({ user, cose }) => [names[user] ?? user.slice(0, 8), cose]);
    const old = replaced[members.was];
    if (old && name === "set-charter") {
      const [before, after] = [old, members].map((each) => texts[`registration.${each.registration}`]);
      return { sentence, before, after, passkeys };
    }
    if (old && name === "set-governance") {
      const [before, after] = [old, members.policy].map((each) => nodePhrase(each, names));
      return { sentence, before, after, passkeys };
    }
    return { sentence, passkeys };
  });
}

/** Return the values that the texts of items have places for. */
function values(
  { user, expiresAt, since, invitation, statement, people, policy, registration, ...members },
  names,
  texts,
) {
  return {
    ...members,
    ...(user && { who: names[user] ?? user.slice(0, 8) }),
    ...(expiresAt && { until: moment(expiresAt) }),
    ...(since && { since: moment(since) }),
    ...(invitation && { invitation: invitation.slice(0, 8) }),
    ...(statement && { statement: statement.slice(0, 8) }),
    ...(people && { people: listed(people.map((each) => names[each.user] ?? each.user.slice(0, 8))) }),
    ...(policy && { policy: nodePhrase(policy, names) }),
    ...(registration && { registration: texts[`registration.${registration}`] }),
  };
}
