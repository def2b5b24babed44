// Mirrors ledger.domain.policy: who has to approve, counted over distinct people.

import { refuse } from "../errors.js";
import { either, flag, integer, listOf, oneOf, optional, struct, text, withDefault } from "../shapes.js";
import { ASSURANCE } from "./vocabulary.js";

export const ROLE = Object.freeze({
  CREATOR: "creator",
  INVESTOR: "investor",
  ADMINISTRATOR: "administrator",
  AUDITOR: "auditor",
});

const ROLE_NAME = /^[a-z][a-z0-9-]{0,63}$/;
const MAX_LEVELS = 8;
const MAX_MEMBERS = 256;
export const ROLES = Object.values(ROLE);
const VOTING_ROLES = [ROLE.CREATOR, ROLE.INVESTOR, ROLE.ADMINISTRATOR];

export const node = (value) => struct({ threshold: integer, of: listOf(either(text, node)) })(value);
export const policy = struct({
  threshold: integer,
  of: listOf(either(text, node)),
  veto: withDefault(listOf(text), []),
  creatorMaySign: withDefault(flag, true),
  expiresAt: optional(text),
  assurance: withDefault(oneOf(...Object.values(ASSURANCE)), ASSURANCE.KEY),
});

/** Refuse a policy that no approvals could ever meet, or that is too large. */
export function requirePossible(root) {
  if (countMembers(root, MAX_LEVELS) + root.veto.length > MAX_MEMBERS) {
    refuse("policy_invalid", `a policy names at most ${MAX_MEMBERS} members`);
  }
  root.veto.forEach(requireMember);
}

/** Return how many members a node and the nodes in it name; refuse a node that cannot be met. */
function countMembers({ threshold, of }, levels) {
  if (levels === 0) refuse("policy_invalid", `a policy nests at most ${MAX_LEVELS} levels`);
  const nested = of.filter((member) => typeof member !== "string");
  const named = new Set(of.filter((member) => typeof member === "string"));
  if (threshold < 1 || !of.length || named.size + nested.length !== of.length) {
    refuse("policy_invalid", "a node needs a threshold of at least 1 and distinct members");
  }
  named.forEach(requireMember);
  const openEnded = [...named].some((member) => member.startsWith("role:"));
  if (!openEnded && threshold > of.length) {
    refuse("policy_impossible", "a threshold is above the number of its members");
  }
  return nested.reduce((sum, each) => sum + 1 + countMembers(each, levels - 1), named.size);
}

function requireMember(member) {
  const [kind, name] = split(member);
  const known = kind === "user" ? name !== "" : kind === "role" && name !== ROLE.AUDITOR && ROLE_NAME.test(name);
  if (!known) refuse("policy_invalid", "a member must be user:<id> or role:<role that signs>");
}

function split(member) {
  const at = member.indexOf(":");
  return at < 0 ? [member, ""] : [member.slice(0, at), member.slice(at + 1)];
}

export function covers(member, user, roles) {
  const [kind, name] = split(member);
  return kind === "user" ? name === user : roles.includes(name);
}

/** Tell whether the approvals of these people (user to roles) meet a node. */
export function met({ threshold, of }, people) {
  const names = of.filter((member) => typeof member === "string");
  const nested = of.filter((member) => typeof member !== "string");
  const persons = [...people].filter(([user, roles]) =>
    names.some((name) => covers(name, user, roles)),
  );
  return persons.length + nested.filter((each) => met(each, people)).length >= threshold;
}

export function members({ of }) {
  return of.flatMap((member) => (typeof member === "string" ? [member] : members(member)));
}

export function mayApprove(root, user, roles, creator) {
  if (user === creator && !root.creatorMaySign) return false;
  return members(root).some((member) => covers(member, user, roles));
}

export const mayVeto = (root, user, roles) =>
  root.veto.some((member) => covers(member, user, roles));

/** Tell whether any of these roles may sign; an auditor's may not. */
export const maySign = (roles) => roles.some((role) => role !== ROLE.AUDITOR);

/** Return the people (user to roles) whose approval counts under this policy. */
export function approving(root, creator, people) {
  return new Map(
    [...people].filter(
      ([user, roles]) => mayApprove(root, user, roles, creator) && maySign(roles),
    ),
  );
}
