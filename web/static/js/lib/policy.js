// Policies: the sentence that says what one asks for, and whether it can be met.
// The sentences are those of src/ledger/domain/policy_words.py; tests/vectors/web/policy.json holds both.

const ROLES = ["creator", "investor", "administrator"];
const MIN_STEPS = 2;
const MAX_NESTED = 8;
const MAX_THRESHOLD = 256;
const MAX_MEMBERS = 4096;
const USER = /^user:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MEMBER = `A member is user:<id> or role:<${ROLES.join(", ")}>.`;
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
    return names[name] ?? name;
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

const split = (member) => {
  const at = member.indexOf(":");
  return [member.slice(0, at), member.slice(at + 1)];
};
const isRole = (member) => typeof member === "string" && member.startsWith("role:");

/** Return a member in the plural: `creators`, or a person's name. */
export function manyOf(member, names) {
  const [kind, name] = split(member);
  return kind === "role" ? `${name}s` : (names[name] ?? name);
}

function oneOf(member, names) {
  const [kind, name] = split(member);
  return kind === "role" ? `any ${name}` : (names[name] ?? name);
}

/** Return what is wrong with a policy, as a sentence, or "". The server checks it too. */
export function fault(policy) {
  if (!isObject(policy)) return "A policy is a JSON object.";
  const { veto = [], creatorMaySign = true, assurance = "key", expiresAt = "", ...root } = policy;
  if (!Array.isArray(veto) || !veto.every(isMember)) return `veto is a list. ${MEMBER}`;
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

function nodeFault({ threshold, of, ...more }) {
  const [unknown] = Object.keys(more);
  if (unknown) return `“${unknown}” does not belong here.`;
  if (!Number.isInteger(threshold) || threshold < 1) return "threshold is a whole number from 1.";
  if (!Array.isArray(of) || !of.length) return "Say who can sign: at least one role or person.";
  if (new Set(of).size !== of.length) return "A member is named twice.";
  if (!of.some(isRole) && threshold > of.length) {
    return `It asks for ${threshold} and names only ${of.length}: it could never be met.`;
  }
  const faults = of.map((member) => {
    if (isObject(member)) return nodeFault(member);
    return isMember(member) ? "" : MEMBER;
  });
  return faults.find(Boolean) ?? "";
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function isMember(member) {
  if (typeof member !== "string") return false;
  const [kind, name] = split(member);
  return kind === "role" ? ROLES.includes(name) : USER.test(member);
}

function isTime(text) {
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString() === text;
}
