// The sentence that says what a policy asks for.
// The sentences are those of src/ledger/domain/policy_words.py; tests/vectors/web/policy.json holds both.

import { quoted } from "./quoted.js";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Return `21 Nov 2026, 03:04 UTC`. */
export function moment(time) {
  const at = new Date(time);
  const clock = at.toISOString().slice(11, 16);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${clock} UTC`;
}

/** Return `A`, `A and B`, `A, B and C`. */
export function listed(names, last = "and") {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;
}

/** Return a person's name as it stands in a sentence; the id of one who is not known. */
export const called = (user, names) => (user in names ? quoted(names[user]) : user);

/** Return what a policy asks for; `names` gives people by their id. */
export function policySentence(policy, names) {
  const parts = policy.steps ? stepsSentence(policy.steps, names) : rootSentence(policy, names);
  if (policy.creatorMaySign === false) parts.push("The creator may not sign.");
  if (policy.veto?.length) {
    const who = listed(policy.veto.map((member) => oneOf(member, names)), "or");
    parts.push(`A rejection by ${who} ends it.`);
  }
  if (policy.expiresAt) parts.push(`Closes ${moment(policy.expiresAt)}.`);
  if (policy.assurance === "passkey") parts.push("Every decision asks for a passkey.");
  return parts.join(" ");
}

function rootSentence(root, names) {
  const verb = isSingular(root) ? "has" : "have";
  return [`Approved once ${nodePhrase(root, names)} ${verb} signed.`, ...hints(root, names)];
}

function stepsSentence(steps, names) {
  const asked = steps.map((step) => nodePhrase(step, names));
  const said = `Approved in ${steps.length} steps: first ${asked.join(", then ")}.`;
  return [said, ...steps.flatMap((step) => hints(step, names))];
}

function isSingular({ threshold, of }) {
  if (of.length === 1 && typeof of[0] !== "string") return isSingular(of[0]);
  return threshold === 1;
}

/** Return whom a policy or node asks for, e.g. `any 2 of creators and investors`. */
export function nodePhrase({ threshold, of }, names) {
  if (of.length === 1) {
    if (typeof of[0] !== "string") return nodePhrase(of[0], names);
    const [kind, name] = split(of[0]);
    if (kind === "role") return threshold === 1 ? `1 ${name}` : `${threshold} ${name}s`;
    return called(name, names);
  }
  const members = of.map((member) =>
    typeof member === "string" ? manyOf(member, names) : `(${nodePhrase(member, names)})`,
  );
  if (threshold === of.length && !of.some(isRole)) {
    return `${members.length === 2 ? "both" : "all of"} ${listed(members)}`;
  }
  return `any ${threshold} of ${listed(members)}`;
}

/** Return what the thresholds do not ask for, although they may seem to. */
function hints(policy, names) {
  const { threshold, of } = policy;
  const below = of.filter(isObject).flatMap((member) => hints(member, names));
  const role = of.find(isRole);
  if (!role || of.length < 2 || threshold !== of.length) return below;
  const others = of
    .filter((member) => member !== role)
    .map((member) => (isObject(member) ? `(${nodePhrase(member, names)})` : oneOf(member, names)));
  const [, name] = split(role);
  return [`${threshold} ${name}s are enough, without ${listed(others, "or")}.`, ...below];
}

/** Return a member as `[kind, name]`: `role:creator` is `["role", "creator"]`. */
export const split = (member) => {
  const at = member.indexOf(":");
  return [member.slice(0, at), member.slice(at + 1)];
};
/** Return whether a value of JSON is an object. */
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
/** Return whether a member is a role. */
export const isRole = (member) => typeof member === "string" && member.startsWith("role:");

/** Return a member in the plural: `creators`, or a person's name. */
export function manyOf(member, names) {
  const [kind, name] = split(member);
  return kind === "role" ? `${name}s` : called(name, names);
}

function oneOf(member, names) {
  const [kind, name] = split(member);
  return kind === "role" ? `any ${name}` : called(name, names);
}
