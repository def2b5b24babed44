// Mirrors ledger.domain.counting: which recorded decisions count, those that are not in question.

/** Return a decision as a later one needs to know it; `at` is its event's time. */
export const recorded = ({ roles, kid, assertion, step = null }, at) => ({
  roles,
  at,
  kid,
  step,
  credentialId: assertion?.credentialId ?? null,
});

/** Tell whether a person's decision was made with what was compromised by then. */
export function inQuestion({ keys, passkeys }, { at, kid, credentialId }) {
  const used = [keys.get(kid), passkeys.get(credentialId)];
  // Times have one form, so their texts sort as the times do.
  return used.some((thing) => Boolean(thing?.compromisedSince) && thing.compromisedSince <= at);
}

/** Return who decided (user to roles), without the decisions in question. */
export const counted = (decisions, people) =>
  new Map(
    [...decisions]
      .filter(([user, decision]) => !inQuestion(people.get(user), decision))
      .map(([user, { roles }]) => [user, roles]),
  );

/** Return the step of each approval (user to its number), of a policy with steps. */
export const stepsGiven = (approvals) =>
  new Map([...approvals].filter(([, { step }]) => step !== null).map(([user, { step }]) => [user, step]));

/** Tell whether one of these decisions is this person's and not in question. */
export const stands = (decisions, person) =>
  decisions.has(person.user) && !inQuestion(person, decisions.get(person.user));

/** Return the decisions of everybody else. */
export const without = (decisions, user) => new Map([...decisions].filter(([name]) => name !== user));
