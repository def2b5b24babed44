// Policies: who has to approve, counted over distinct people; documents, which hold them.

import { bytesOf } from "../static/js/lib/digest.js";
import { length, strip } from "./bytes.js";
import { toMs } from "./clock.js";
import { refuse } from "./fault.js";
import { either, flag, integer, listOf, oneOf, optional, parseJson, read, struct, text, withDefault } from "./shapes.js";

const MAX_LEVELS = 8;
const MAX_MEMBERS = 256;
const MAX_DOCUMENT_BYTES = 1024 * 1024;
const MAX_TITLE_CHARS = 200;
const VOTING_ROLES = ["creator", "investor", "administrator"];
export const ROLES = [...VOTING_ROLES, "auditor"];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const node = (value) => struct({ threshold: integer, of: listOf(either(text, node)) })(value);
const policy = struct({
  threshold: integer,
  of: listOf(either(text, node)),
  veto: withDefault(listOf(text), []),
  creatorMaySign: withDefault(flag, true),
  expiresAt: optional(text),
  assurance: withDefault(oneOf("key", "passkey"), "key"),
});
const document = struct({
  content: text,
  createdAt: text,
  creator: text,
  ledger: text,
  policy,
  statementId: text,
  title: text,
  supersedes: optional(text),
});

/** Return the document of these bytes, checked as when it was drafted. */
export function parseDocument(raw) {
  if (raw.length > MAX_DOCUMENT_BYTES) refuse("document_too_large", "over 1 MiB");
  const found = read(document, parseJson(raw, { exact: true }), "document_malformed");
  const content = parseJson(bytesOf(found.content), { exact: true });
  if (content === null || typeof content !== "object" || Array.isArray(content)) {
    refuse("content_not_object", "content is the text of a JSON object");
  }
  if (!strip(found.title) || length(found.title) > MAX_TITLE_CHARS) {
    refuse("document_malformed", "a title has 1 to 200 characters");
  }
  requireUuid(found.statementId);
  if (found.supersedes !== null) requireUuid(found.supersedes);
  toMs(found.createdAt);
  requirePossible(found.policy);
  if (found.policy.expiresAt !== null) toMs(found.policy.expiresAt);
  return found;
}

export function requireUuid(id) {
  if (!UUID.test(id)) refuse("id_invalid", "an id is a UUID in lower case with hyphens");
}

function requirePossible(root) {
  if (countMembers(root, MAX_LEVELS) + root.veto.length > MAX_MEMBERS) {
    refuse("policy_invalid", `a policy names at most ${MAX_MEMBERS} members`);
  }
  root.veto.forEach(requireMember);
}

/** Return how many members a node and all below it name; refuse what can never be met. */
function countMembers({ threshold, of }, levels) {
  if (levels === 0) refuse("policy_invalid", `a policy nests at most ${MAX_LEVELS} levels`);
  const nested = of.filter((member) => typeof member !== "string");
  const named = new Set(of.filter((member) => typeof member === "string"));
  if (threshold < 1 || !of.length || named.size + nested.length !== of.length) {
    refuse("policy_invalid", "a node needs a threshold from 1 and unlike members");
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
  const known = kind === "user" ? name !== "" : kind === "role" && VOTING_ROLES.includes(name);
  if (!known) refuse("policy_invalid", "a member is user:<id> or role:<role that signs>");
}

function split(member) {
  const at = member.indexOf(":");
  return at < 0 ? [member, ""] : [member.slice(0, at), member.slice(at + 1)];
}

function covers(member, user, roles) {
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

function members({ of }) {
  return of.flatMap((member) => (typeof member === "string" ? [member] : members(member)));
}

export function mayApprove(root, user, roles, creator) {
  if (user === creator && !root.creatorMaySign) return false;
  return members(root).some((member) => covers(member, user, roles));
}

export const mayVeto = (root, user, roles) =>
  root.veto.some((member) => covers(member, user, roles));

/** Tell whether any of these roles signs at all: an auditor's does not. */
export const maySign = (roles) => roles.some((role) => VOTING_ROLES.includes(role));

/** Return those of the people (user to roles) whose approval of this policy can count. */
export function approving(root, creator, people) {
  return new Map(
    [...people].filter(
      ([user, roles]) => mayApprove(root, user, roles, creator) && maySign(roles),
    ),
  );
}
