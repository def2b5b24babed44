// Mirrors ledger.domain.places: when a policy is met, how many people are missing, who can help.
// Each person fills one place; Hall's theorem counts them without a search.
// tests/vectors/places holds both.

import { refuse } from "../errors.js";
import { MAX_NESTED, MAX_THRESHOLD, nodes, split, stepsOf } from "./policy.js";

// The anonymous holders of an open role: as many as all places of the largest policy.
const UNLIMITED = (MAX_NESTED + 1) * MAX_THRESHOLD;

// The step that each approval fills (user to its number, from 1), of a policy without steps.
const NO_STEPS = new Map();

/** Tell whether the approvals of these people (user to roles) fill the places of a policy. */
export function met(root, approvals, steps = NO_STEPS) {
  const named = namedIn(root);
  const reach = reachOf(named, count(named, approvals, steps));
  return choices(named).some((each) => lackOf(each, reach).lack === 0);
}

/** Tell whether further approvals lower what some filling of the node lacks. */
export function lowers(node, approvals, further) {
  const named = namedIn(node);
  const before = reachOf(named, count(named, approvals));
  const after = reachOf(named, count(named, [...approvals, ...further]));
  return choices(named).some((each) => lackOf(each, after).lack < lackOf(each, before).lack);
}

/** Return `{people, helping}`; null if not even the people who are `able` could meet it. */
export function missing(root, approvals, able, without = [], steps = NO_STEPS) {
  const named = namedIn(root);
  const further = [...able].filter(([user]) => !approvals.has(user) && !without.includes(user));
  const reach = reachOf(named, count(named, approvals, steps));
  const hoped = reachOf(named, count(named, [...approvals, ...further], steps));
  const lacks = choices(named)
    .filter((each) => lackOf(each, hoped).lack === 0)
    .map((each) => lackOf(each, reach));
  if (!lacks.length) return null;
  const people = Math.min(...lacks.map(({ lack }) => lack));
  const helping = lacks
    .filter(({ lack }) => lack === people)
    .reduce((bits, { smallest }) => bits | firstStep(named, smallest), 0);
  return { people, helping: membersOf(named, helping) };
}

/** Tell whether people could ever meet a policy, not only today's. */
export function possible(root, openRoles, { approvals = new Map(), steps, without = [] } = {}) {
  const named = namedIn(root);
  const further = [...named.users.keys()]
    .filter((user) => !approvals.has(user) && !without.includes(user))
    .map((user) => [user, []]);
  const supply = count(named, [...approvals, ...further], steps);
  for (const role of openRoles) add(supply, named.roles.get(role) ?? 0, UNLIMITED);
  const reach = reachOf(named, supply);
  return choices(named).some((each) => lackOf(each, reach).lack === 0);
}

/** Refuse a policy that no people could ever meet. */
export function requirePossible(policy, creator, openRoles) {
  if (!possible(policy, openRoles, { without: excluded(policy, creator) })) {
    refuse("policy_impossible", "no people could meet this policy: each fills one place");
  }
}

/** Return who may never approve: the creator, if the policy says so. */
export const excluded = (policy, creator) => (policy.creatorMaySign ? [] : [creator]);

/** Return the nodes by number, and for each user and role the nodes that name it, as bits. */
function namedIn(root) {
  const found = nodes(root);
  const users = new Map();
  const roles = new Map();
  found.forEach(({ of }, number) => {
    for (const member of of.filter((each) => typeof each === "string")) {
      const [kind, name] = split(member);
      const bits = kind === "user" ? users : roles;
      bits.set(name, (bits.get(name) ?? 0) | (1 << number));
    }
  });
  return { nodes: found, users, roles, steps: stepsOf(root).length ? nodesOfSteps(found) : [] };
}

/** Return for each step in order its nodes, as bits. */
function nodesOfSteps(found) {
  const first = [0]; // for each node, the step in which it stands
  found.forEach(({ of }, parent) => {
    for (const member of of) if (typeof member !== "string") first.push(first[parent] || first.length);
  });
  const steps = new Array(found[0].threshold).fill(0);
  first.forEach((step, number) => {
    if (step) steps[step - 1] |= 1 << number;
  });
  return steps;
}

/** Return the choices of nodes that could be filled; all of them have every step. */
const choices = ({ nodes: found, steps }) =>
  fillings(found).filter((each) => !steps.length || each.get(0) === 0);

/** Return those of these nodes that stand in the first step with any of them. */
function firstStep({ steps }, chosen) {
  const step = steps.find((each) => each & chosen);
  return step === undefined ? chosen : chosen & step;
}

const add = (counted, bits, number) => counted.set(bits, (counted.get(bits) ?? 0) + number);

/** Return how many of these people are named in exactly which nodes, or nodes of their step. */
function count({ users, roles, steps: bitsOfSteps }, people, steps = NO_STEPS) {
  const counted = new Map();
  for (const [user, held] of people) {
    const inStep = steps.has(user) ? bitsOfSteps[steps.get(user) - 1] : ~0;
    const bits = inStep & held.reduce((all, role) => all | (roles.get(role) ?? 0), users.get(user) ?? 0);
    add(counted, bits, 1);
  }
  return counted;
}

/** Return for each set of nodes how many of the counted people it names. */
function reachOf({ nodes: found }, counted) {
  const size = 1 << found.length;
  const inside = new Array(size).fill(0); // how many people are named in no other nodes than these
  for (const [bits, number] of counted) inside[bits] += number;
  for (let number = 0; number < found.length; number += 1) {
    for (let chosen = 0; chosen < size; chosen += 1) {
      if ((chosen >> number) & 1) inside[chosen] += inside[chosen ^ (1 << number)];
    }
  }
  return inside.map((_, chosen) => inside[size - 1] - inside[size - 1 - chosen]);
}

function membersOf({ users, roles }, chosen) {
  const named = (kind, found) =>
    [...found].filter(([, bits]) => bits & chosen).map(([name]) => `${kind}:${name}`);
  return [...named("user", users), ...named("role", roles)];
}

/** Return each choice of nodes: a map from a node's number to its places that people must fill. */
function fillings(found) {
  let child = 0;
  let chosen = [new Map([[0, found[0].threshold]])];
  found.forEach(({ of }, parent) => {
    for (const member of of.filter((each) => typeof each !== "string")) {
      child += 1; // `nodes` numbers children in this order
      const more = chosen
        .filter((each) => (each.get(parent) ?? 0) > 0)
        .map((each) => new Map([...each, [parent, each.get(parent) - 1], [child, member.threshold]]));
      chosen = [...chosen, ...more];
    }
  });
  return chosen;
}

/** Return how many people a filling lacks, and the smallest set of nodes that lacks as many. */
function lackOf(filling, reach) {
  let sums = [[0, 0]];
  for (const [number, places] of filling) {
    if (!places) continue;
    sums = [...sums, ...sums.map(([chosen, total]) => [chosen | (1 << number), total + places])];
  }
  let lack = 0;
  let smallest = 0;
  for (const [chosen, total] of sums) {
    const short = total - reach[chosen];
    if (short > lack) [lack, smallest] = [short, chosen];
    else if (short === lack && lack) smallest &= chosen;
  }
  return { lack, smallest };
}
