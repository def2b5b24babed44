// Mirrors ledger.domain.steps: which step of a policy is open, and whose approval it takes.

import { refuse } from "../errors.js";
import { counted, stepsGiven } from "./counting.js";
import { excluded, lowers, met, possible } from "./places.js";
import { covers, members, stepsOf } from "./policy.js";

/** Return the number, from 1, of the first step that is not met; null if all are. */
export function openStep(policy, approvals, steps) {
  const isOpen = (step, at) => !met(step, ofStep(at + 1, approvals, steps));
  const at = stepsOf(policy).findIndex(isOpen);
  return at < 0 ? null : at + 1;
}

const ofStep = (number, approvals, steps) =>
  new Map([...approvals].filter(([user]) => steps.get(user) === number));

/** Return the number of the open step, if this person's approval fills a place of it. */
export function requireOpen(policy, given, user, roles) {
  const { approvals, steps, openRoles, without, forbidden = [] } = given;
  const number = openStep(policy, approvals, steps);
  if (number === null) refuse("not_needed", "all steps of the policy are complete");
  const step = policy.steps[number - 1];
  const mine = new Map([[user, roles]]);
  if (forbidden.includes(user) || !members(step).some((member) => covers(member, user, roles))) {
    refuse("step_closed", `step ${number} is open, and it names somebody else`);
  }
  if (!lowers(step, ofStep(number, approvals, steps), mine)) {
    refuse("not_needed", `step ${number} has no place left for this person`);
  }
  const after = {
    approvals: new Map([...approvals, ...mine]),
    steps: new Map([...steps, [user, number]]),
    without: without.filter((each) => each !== user),
  };
  if (!possible(policy, openRoles, after)) {
    refuse("needed_later", "a later step of the policy needs this person, who can approve only once");
  }
  return number;
}

/** Return the step that a person's approval fills, null in a policy without steps. */
export function stepFor({ policy, creator, approvals, rejections }, person, people, openRoles) {
  if (!stepsOf(policy).length) return null;
  const forbidden = excluded(policy, creator);
  const without = [...counted(rejections, people).keys(), ...forbidden];
  const given = {
    approvals: counted(approvals, people), steps: stepsGiven(approvals), openRoles, without, forbidden,
  };
  return requireOpen(policy, given, person.user, person.roles);
}
