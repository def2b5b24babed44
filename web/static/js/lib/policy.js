// The sentence that says what a policy asks for.
// The sentences are those of src/ledger/domain/policy_words.py; tests/vectors/web/policy.json holds both.

import { quoted } from "./quoted.js";
import { text } from "./texts.js";

/** Return a time to the minute, as `21 Nov 2026, 03:04 UTC`. */
export function moment(time) {
  const at = new Date(time);
  const month = text("time.months").split(" ")[at.getUTCMonth()];
  const clock = at.toISOString().slice(11, 16);
  return text("time.moment", { day: at.getUTCDate(), month, year: at.getUTCFullYear(), clock });
}

/** Return `A`, `A and B`, `A, B and C`. */
export function listed(names, last = "and") {
  if (names.length < 2) return names.join("");
  return text(`list.${last}`, { first: names.slice(0, -1).join(", "), last: names.at(-1) });
}

/** Return a person's name as it stands in a sentence; the id of one who is not known. */
export const called = (user, names) => (user in names ? quoted(names[user]) : user);

/** Return what a policy asks for; `names` gives people by their id. */
export function policySentence(policy, names) {
  const parts = policy.steps ? stepsSentence(policy.steps, names) : rootSentence(policy, names);
  if (policy.creatorMaySign === false) parts.push(text("policy.creator"));
  if (policy.veto?.length) {
    const people = listed(policy.veto.map((member) => oneOf(member, names)), "or");
    parts.push(text("policy.veto", { people }));
  }
  if (policy.expiresAt) parts.push(text("policy.closes", { time: moment(policy.expiresAt) }));
  if (policy.assurance === "passkey") parts.push(text("policy.passkey"));
  return parts.join(" ");
}

function rootSentence(root, names) {
  const said = text("policy.once", { asked: nodePhrase(root, names), count: isSingular(root) ? 1 : 2 });
  return [said, ...hints(root, names)];
}

function stepsSentence(steps, names) {
  const asked = steps.map((step) => nodePhrase(step, names));
  const inOrder = asked.reduce((first, last) => text("policy.then", { first, last }));
  const said = text("policy.steps", { n: steps.length, steps: inOrder });
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
    if (kind === "role") return text("policy.holders", { role: name, count: threshold });
    return called(name, names);
  }
  const members = of.map((member) =>
    typeof member === "string" ? manyOf(member, names) : `(${nodePhrase(member, names)})`,
  );
  if (threshold === of.length && !of.some(isRole)) {
    return text(members.length === 2 ? "policy.both" : "policy.all", { members: listed(members) });
  }
  return text("policy.any", { n: threshold, members: listed(members) });
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
  return [text("policy.enough", { n: threshold, role: name, others: listed(others, "or") }), ...below];
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
  return kind === "role" ? text("policy.many", { role: name }) : called(name, names);
}

function oneOf(member, names) {
  const [kind, name] = split(member);
  return kind === "role" ? text("policy.anybody", { role: name }) : called(name, names);
}
