// What is wrong with a policy that somebody writes, as the server would refuse it;
// tests/vectors/web/policy.json holds both.

import { isObject, isRole, split } from "./policy.js";

const MIN_STEPS = 2;
const MAX_NESTED = 8;
const MAX_THRESHOLD = 256;
const MAX_MEMBERS = 4096;
const USER = /^user:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Return what is wrong with a policy, as a sentence, or "". The server checks it too.
 *
 * `roles` are the names of those that it may name, null for any.
 */
export function fault(policy, roles) {
  const isMember = (member) => isMemberOf(member, roles);
  const memberFault = `A member is user:<id> or role:<${roles?.join(", ") ?? "name"}>.`;
  const nodeFault = (node) => faultOfNode(node, isMember, memberFault);
  if (!isObject(policy)) return "A policy is a JSON object.";
  const { veto = [], creatorMaySign = true, assurance = "key", expiresAt = "", ...root } = policy;
  if (!Array.isArray(veto) || !veto.every(isMember)) return `veto is a list. ${memberFault}`;
  if (typeof creatorMaySign !== "boolean") return "creatorMaySign is true or false.";
  if (!["key", "passkey"].includes(assurance)) return "assurance is key or passkey.";
  if (expiresAt !== "" && !isTime(expiresAt)) return "expiresAt is like 2027-01-31T12:00:00.000Z.";
  if (!Object.hasOwn(root, "steps")) return sizeFault(root, veto.length) || nodeFault(root);
  const { steps, ...other } = root;
  const [extra] = Object.keys(other);
  if (extra) return `A policy with steps has no “${extra}”.`;
  if (!Array.isArray(steps) || !steps.every(isObject)) return "steps is a list of groups.";
  if (steps.length < MIN_STEPS) return `A policy has ${MIN_STEPS} steps or more, or none.`;
  const size = sizeFault({ threshold: steps.length, of: steps }, veto.length);
  return size || (steps.map(nodeFault).find(Boolean) ?? "");
}

function sizeFault(root, vetoes) {
  const found = [root];
  for (const { of } of found) {
    if (Array.isArray(of)) found.push(...of.filter(isObject)); // read on to its end
    if (found.length > MAX_NESTED + 1) return `At most ${MAX_NESTED} groups within a policy.`;
  }
  const total = found.reduce((sum, { of }) => sum + (of?.length ?? 0), vetoes);
  if (total - (found.length - 1) > MAX_MEMBERS) return `At most ${MAX_MEMBERS} members.`;
  const most = found.some(({ threshold }) => threshold > MAX_THRESHOLD);
  return most ? `threshold is at most ${MAX_THRESHOLD}.` : "";
}

function faultOfNode({ threshold, of, ...more }, isMember, memberFault) {
  const [unknown] = Object.keys(more);
  if (unknown) return `“${unknown}” does not belong here.`;
  if (!Number.isInteger(threshold) || threshold < 1) return "threshold is a whole number from 1.";
  if (!Array.isArray(of) || !of.length) return "Say who can sign: at least one role or person.";
  if (new Set(of).size !== of.length) return "A member is named twice.";
  if (!of.some(isRole) && threshold > of.length) {
    return `It asks for ${threshold} and names only ${of.length}: it could never be met.`;
  }
  const faults = of.map((member) => {
    if (isObject(member)) return faultOfNode(member, isMember, memberFault);
    return isMember(member) ? "" : memberFault;
  });
  return faults.find(Boolean) ?? "";
}

function isMemberOf(member, roles) {
  if (typeof member !== "string") return false;
  const [kind, name] = split(member);
  return kind === "role" ? roles?.includes(name) ?? true : USER.test(member);
}

function isTime(text) {
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString() === text;
}
