// Mirrors ledger.domain.governance: the policy that every change meets, and what the document of a
// change must say.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";
import { toMs } from "../clock.js";
import { same } from "../encoding.js";
import { refuse } from "../errors.js";
import { parseItems, titleOfItems } from "./changes/items.js";
import { met } from "./places.js";
import { asksForTwo, covers, maySign, members, ROLE } from "./policy.js";
import { ASSURANCE } from "./vocabulary.js";

/** The governance policy at the founding. */
export const FOUNDING = Object.freeze({ threshold: 1, of: [`role:${ROLE.ADMINISTRATOR}`] });
const MAX_PENDING_MS = 90 * 86_400_000;
// Roles that people can choose themselves, or that only read.
const UNFIT = [ROLE.CREATOR, ROLE.INVESTOR, ROLE.AUDITOR];

/** Return the digest of a policy, or of the charter's values, that a change states as `was`. */
export const digestOf = (value) => sha256Hex(jcs(value));

/** Return the items of a change's document, after the checks that depend on no state. */
export function checkChange(document) {
  const items = parseItems(document);
  if (document.title !== titleOfItems(items)) {
    refuse("title_mismatch", `the title of this change is ${titleOfItems(items)}`);
  }
  if (document.supersedes !== null) refuse("change_invalid", "a change supersedes nothing");
  if (document.readers !== null) refuse("change_invalid", "a change is read by everyone");
  if (document.usable !== null) refuse("change_invalid", "nobody uses a change");
  const ends = document.policy.expiresAt;
  if (ends === null || toMs(ends) > toMs(document.createdAt) + MAX_PENDING_MS) {
    refuse("change_invalid", "a change expires 90 days after createdAt at most");
  }
  return items;
}

/** Tell whether a person, with their open roles, can fill a place of governance. */
export const hasPlace = ({ user, roles }, governance) =>
  maySign(roles) && members(governance).some((member) => covers(member, user, roles));

// The roles of a person that they hold since they accepted the policy with this digest.
const held = ({ roles, accepted }, digest) => {
  const since = accepted.get(digest) ?? [];
  return roles.filter((role) => since.includes(role));
};

const fills = (member, person, digest) =>
  person.accepted.has(digest) && covers(member, person.user, held(person, digest));

/** Tell whether a person fills a place of governance that they have not accepted. */
export async function awaits(person, governance) {
  const { user, roles } = person;
  const digest = await digestOf(governance);
  const places = members(governance).filter((member) => covers(member, user, roles));
  return maySign(roles) && places.some((member) => !fills(member, person, digest));
}

/** Return the people who count in governance, each with the roles by which they do. */
export async function counting(people, governance) {
  const digest = await digestOf(governance);
  return people
    .filter((each) => maySign(each.roles) && members(governance).some((member) => fills(member, each, digest)))
    .map((each) => ({ ...each, roles: held(each, digest) }));
}

/** Refuse a person who has not accepted the policy. */
export async function requireAccepted(person, governance) {
  if (!(await counting([person], governance)).length) {
    refuse("governance_not_accepted", "this person has not accepted the governance policy");
  }
}

/** Tell whether only a grant that states a passkey gives this role: it governs, with two or more. */
export const needsGrant = (role, governance) =>
  members(governance).includes(`role:${role}`) && asksForTwo(governance);

/** Refuse a person who cannot fill a place of governance. */
export function requirePlace(person, governance) {
  if (!hasPlace(person, governance)) refuse("governance_only", "governance does not ask for this person");
}

/** Refuse a change whose policy is not the one in force. */
export function requireInForce(stated, { threshold, of }) {
  const { expiresAt } = stated;
  const rest = { steps: null, veto: [], creatorMaySign: true, assurance: ASSURANCE.PASSKEY };
  const expected = { threshold, of, expiresAt, ...rest };
  if (!same(expected, stated)) {
    refuse("governance_changed", "the policy of this change is not the governance policy in force");
  }
}

/** Refuse a new governance policy that names a role which cannot govern. */
export function requireValid(governance, roles) {
  for (const member of members(governance)) {
    if (!member.startsWith("role:")) continue;
    const name = member.slice("role:".length);
    if (!roles.includes(name)) refuse("role_unknown", `there is no role ${name}`);
    if (UNFIT.includes(name)) refuse("governance_invalid", `the role ${name} cannot govern`);
  }
}

/** Refuse a policy that names a closed role: no later change could state it. */
export function requireOpen(governance, closed) {
  for (const name of closed) {
    if (members(governance).includes(`role:${name}`)) {
      refuse("role_governs", `governance names the role ${name}, which is closed`);
    }
  }
}

/** Refuse a change after which these people (user to roles) could not meet the policy. */
export function requireMeetable(governance, able) {
  if (!met(governance, able)) {
    refuse("governance_unmeetable", "the people who can act could not meet the governance policy");
  }
}
