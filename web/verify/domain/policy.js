// Mirrors ledger.domain.policy: the shape and limits of a policy, and whom it names.

import { minPeople } from "../../static/js/lib/floor.js";
import { refuse } from "../errors.js";
import { either, flag, integer, listOf, oneOf, optional, struct, text, withDefault } from "../shapes.js";
import { ASSURANCE } from "./vocabulary.js";

export const ROLE = Object.freeze({
  CREATOR: "creator",
  INVESTOR: "investor",
  ADMINISTRATOR: "administrator",
  AUDITOR: "auditor",
});

export const MAX_NESTED = 8;
const MIN_STEPS = 2; // at most as many as nested nodes
export const MAX_THRESHOLD = 256;
const MAX_MEMBERS = 4096;
const MEMBER = /^(?:user:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|role:[a-z][a-z0-9-]{0,63})$/;
export const ROLES = Object.values(ROLE);
export const VOTING_ROLES = [ROLE.CREATOR, ROLE.INVESTOR, ROLE.ADMINISTRATOR];

export const node = (value) => struct({ threshold: integer, of: listOf(either(text, node)) })(value);
export const policy = struct({
  threshold: withDefault(integer, null),
  of: withDefault(listOf(either(text, node)), null),
  steps: withDefault(listOf(node), null),
  veto: withDefault(listOf(text), []),
  creatorMaySign: withDefault(flag, true),
  expiresAt: optional(text),
  assurance: withDefault(oneOf(...Object.values(ASSURANCE)), ASSURANCE.KEY),
});

/** Return the steps of a policy in order; none of one with a root node. */
export const stepsOf = (root) => root.steps ?? [];

/** Return the node that people meet; that of a policy with steps requires all of them. */
export const rootOf = (root) =>
  stepsOf(root).length ? { threshold: root.steps.length, of: root.steps } : root;

/** Refuse a policy that is too large or of the wrong shape; places.js has what is impossible. */
export function requireShape(root) {
  requireForm(root);
  const found = nodes(root);
  const total = found.reduce((sum, { of }) => sum + of.length, root.veto.length);
  if (found.some(({ threshold }) => threshold > MAX_THRESHOLD)) {
    refuse("policy_too_complex", `a threshold is at most ${MAX_THRESHOLD}`);
  }
  if (total - (found.length - 1) > MAX_MEMBERS) {
    refuse("policy_too_complex", `a policy names at most ${MAX_MEMBERS} members`);
  }
  found.forEach(requireNode);
  root.veto.forEach(requireMember);
}

function requireForm({ threshold, of, steps = null }) {
  const hasSteps = steps !== null;
  if ([threshold, of].some((each) => (each === null) !== hasSteps)) {
    refuse("policy_invalid", "a policy has either threshold and of, or steps and neither");
  }
  if (hasSteps && steps.length < MIN_STEPS) {
    refuse("policy_invalid", `a policy has ${MIN_STEPS} steps or more, or none`);
  }
}

/** Return the root and its nested nodes, steps included, a parent before its children. */
export function nodes(root) {
  const found = [rootOf(root)];
  for (const { of } of found) {
    found.push(...of.filter((member) => typeof member !== "string")); // read on to its end
    if (found.length > MAX_NESTED + 1) {
      refuse("policy_too_complex", `a policy has at most ${MAX_NESTED} nested nodes`);
    }
  }
  return found;
}

function requireNode({ threshold, of }) {
  const named = of.filter((member) => typeof member === "string");
  if (threshold < 1 || !of.length || new Set(named).size !== named.length) {
    refuse("policy_invalid", "a node needs a threshold of at least 1 and distinct members");
  }
  named.forEach(requireMember);
}

/** Tell whether a text has the form of a member: `user:<id>` or `role:<name>`. */
export const isMember = (text) => MEMBER.test(text);

function requireMember(member) {
  if (!isMember(member)) {
    refuse("policy_invalid", "a member must be user:<id of a person> or role:<name of a role>");
  }
}

/** Refuse a policy that names a role which the ledger does not have, or whose holders only read. */
export function requireKnownRoles(root, known) {
  for (const member of [...members(root), ...root.veto]) {
    const [kind, name] = split(member);
    if (kind === "role" && !known.includes(name)) {
      refuse("policy_invalid", `${name} is no role whose holders sign`);
    }
  }
}

/** Return the kind and the name of a member of the right shape. */
export function split(member) {
  const at = member.indexOf(":");
  return [member.slice(0, at), member.slice(at + 1)];
}

export function covers(member, user, roles) {
  const [kind, name] = split(member);
  return kind === "user" ? name === user : roles.includes(name);
}

export const members = (root) =>
  nodes(root).flatMap(({ of }) => of.filter((member) => typeof member === "string"));

/** Tell whether two people or more are needed to meet a node. */
export const asksForTwo = (root) => (minPeople(root) ?? 0) >= 2;

export function mayApprove(root, user, roles, creator) {
  if (user === creator && !root.creatorMaySign) return false;
  return members(root).some((member) => covers(member, user, roles));
}

export const mayVeto = (root, user, roles) =>
  root.veto.some((member) => covers(member, user, roles));

/** Tell whether any of these roles may sign; an auditor's may not. */
export const maySign = (roles) => roles.some((role) => role !== ROLE.AUDITOR);
