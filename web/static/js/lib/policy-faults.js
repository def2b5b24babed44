// What is wrong with a policy that somebody writes, as the server would refuse it;
// tests/vectors/web/policy.json holds both.

import { isObject, isRole, split } from "./policy.js";
import { text } from "./texts.js";

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
  const memberFault = text("policy-fault.member", { roles: roles?.join(", ") ?? "name" });
  const nodeFault = (node) => faultOfNode(node, isMember, memberFault);
  if (!isObject(policy)) return text("policy-fault.object");
  const { veto = [], creatorMaySign = true, assurance = "key", expiresAt = "", ...root } = policy;
  if (!Array.isArray(veto) || !veto.every(isMember)) return text("policy-fault.veto", { fault: memberFault });
  if (typeof creatorMaySign !== "boolean") return text("policy-fault.creator");
  if (!["key", "passkey"].includes(assurance)) return text("policy-fault.assurance");
  if (expiresAt !== "" && !isTime(expiresAt)) return text("policy-fault.expires");
  if (!Object.hasOwn(root, "steps")) return sizeFault(root, veto.length) || nodeFault(root);
  const { steps, ...other } = root;
  const [extra] = Object.keys(other);
  if (extra) return text("policy-fault.extra", { name: extra });
  if (!Array.isArray(steps) || !steps.every(isObject)) return text("policy-fault.steps");
  if (steps.length < MIN_STEPS) return text("policy-fault.few-steps", { n: MIN_STEPS });
  const size = sizeFault({ threshold: steps.length, of: steps }, veto.length);
  return size || (steps.map(nodeFault).find(Boolean) ?? "");
}

function sizeFault(root, vetoes) {
  const found = [root];
  for (const { of } of found) {
    if (Array.isArray(of)) found.push(...of.filter(isObject)); // read on to its end
    if (found.length > MAX_NESTED + 1) return text("policy-fault.nested", { n: MAX_NESTED });
  }
  const total = found.reduce((sum, { of }) => sum + (of?.length ?? 0), vetoes);
  if (total - (found.length - 1) > MAX_MEMBERS) return text("policy-fault.members", { n: MAX_MEMBERS });
  const most = found.some(({ threshold }) => threshold > MAX_THRESHOLD);
  return most ? text("policy-fault.high", { n: MAX_THRESHOLD }) : "";
}

function faultOfNode({ threshold, of, ...more }, isMember, memberFault) {
  const [unknown] = Object.keys(more);
  if (unknown) return text("policy-fault.unknown", { name: unknown });
  if (!Number.isInteger(threshold) || threshold < 1) return text("policy-fault.threshold");
  if (!Array.isArray(of) || !of.length) return text("policy-fault.nobody");
  if (new Set(of).size !== of.length) return text("policy-fault.twice");
  if (!of.some(isRole) && threshold > of.length) {
    return text("policy-fault.never", { threshold, n: of.length });
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

function isTime(told) {
  const at = new Date(told);
  return !Number.isNaN(at.getTime()) && at.toISOString() === told;
}
