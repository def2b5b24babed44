// Mirrors ledger.domain.changes.effects: which events the items of a change bring about, in order.

import { toMs } from "../../clock.js";
import { same } from "../../encoding.js";
import { refuse } from "../../errors.js";
import { findAlike } from "../alike_names.js";
import { evolveCharter, inForce, rolesOf, STREAM } from "../charter.js";
import { compromiseOfChange } from "../compromise.js";
import { erasureOf, isUnknown, mayBeAfter, nameErasureOf, notErasable } from "../erasure.js";
import { TAG } from "../events.js";
import { holdOf, releaseOf, requireFree } from "../holds.js";
import {
  counting,
  digestOf,
  hasPlace,
  needsGrant,
  requireAccepted,
  requireInForce,
  requireMeetable,
  requireOpen,
  requireValid,
} from "../governance.js";
import { digestOf as digestOfKey, requireLive } from "../held_passkeys.js";
import { evolvePerson, reEnrolling } from "../person.js";
import { maySign, members } from "../policy.js";
import { canGovern } from "../standing.js";
import { requireStatus } from "../statement.js";
import { named as namedStatement } from "../versions.js";
import { STANDING, STATUS } from "../vocabulary.js";
import { ITEM } from "./items.js";
import { definitionOf, requireAboveFloor, retirementOf } from "./type_effects.js";

/** Return the effects of an approval of a change; none for most approvals. */
export async function effectsOfApproval(change, signed, sources, nowMs) {
  if (change.items === null || change.status !== STATUS.PENDING) return [];
  const { charter, people } = sources;
  requireInForce(change.policy, charter.governance);
  await requireAccepted(inForce(charter, people.get(signed.signer)), charter.governance);
  if (signed.status !== STATUS.APPROVED) return [];
  return decideEffects(change.id, change.items, sources, { nowMs, completes: true });
}

/**
 * Return the events that these items bring about, each decided after the ones before it.
 *
 * Only an approval `completes` a change: then those who accepted governance must be able to meet it.
 */
export async function decideEffects(change, items, sources, { nowMs, completes }) {
  const world = new World(change, sources, nowMs);
  for (const item of items) await APPLY[item.name](world, item);
  await world.requireGovernable(completes);
  return world.effects;
}

// By item: how it changes the world.
const APPLY = Object.freeze({
  [ITEM.INVITE]: (world, item) => {
    world.requireRole(item.role);
    const known = world.charter.invitations;
    if (known.some(({ id, key }) => key.x === item.key.x || id === item.invitation)) {
      refuse("invitation_known", "this invitation is already issued");
    }
    if (toMs(item.expiresAt) <= world.nowMs) refuse("invitation_expired", "the invitation has expired");
    const { invitation, role, key, expiresAt } = item;
    return world.rule(TAG.INVITATION_ISSUED, { invitation, role, key, expiresAt });
  },
  [ITEM.CANCEL_INVITATION]: (world, { invitation }) => {
    const open = world.charter.invitations.filter(({ cancelled }) => !cancelled);
    requireEffect(open.some(({ id }) => id === invitation), "there is no such open invitation");
    return world.rule(TAG.INVITATION_CANCELLED, { invitation });
  },
  [ITEM.DEFINE_ROLE]: (world, { role }) => {
    const known = [...rolesOf(world.charter), ...world.charter.closed];
    if (known.includes(role)) refuse("role_known", `${role} is, or was, a role`);
    const alike = findAlike(role, known);
    if (alike !== null) refuse("role_looks_alike", `${role} looks like ${alike}, which is, or was, a role`);
    return world.rule(TAG.ROLE_DEFINED, { role });
  },
  [ITEM.CLOSE_ROLE]: (world, { role }) => {
    if (!world.charter.defined.includes(role)) refuse("role_unknown", `${role} cannot be closed`);
    return world.rule(TAG.ROLE_CLOSED, { role });
  },
  [ITEM.GRANT_ROLE]: async (world, { user, role, cose }) => {
    const known = world.person(user);
    world.requireRole(role);
    requireEffect(!known.roles.includes(role), "they hold this role already");
    if (cose !== null) await requireLive(known, cose, world.nowMs);
    else if (needsGrant(role, world.charter.governance)) {
      refuse("cose_required", `the grant of ${role}, which governs, states cose`);
    }
    world.change(user, TAG.ROLE_GRANTED, { role });
  },
  [ITEM.END_ROLE]: (world, { user, role }) => {
    requireEffect(world.person(user).roles.includes(role), "they do not hold this role");
    world.change(user, TAG.ROLE_ENDED, { role });
  },
  [ITEM.SUSPEND]: (world, { user }) => world.setStanding(user, STANDING.ACTIVE, STANDING.SUSPENDED),
  [ITEM.REINSTATE]: (world, { user }) => world.setStanding(user, STANDING.SUSPENDED, STANDING.ACTIVE),
  [ITEM.DEACTIVATE]: (world, { user }) =>
    world.setStanding(user, world.person(user).standing, STANDING.DEACTIVATED),
  [ITEM.DECLARE_COMPROMISE]: (world, item) => {
    const found = compromiseOfChange(world.person(item.user), item, world.nowMs);
    world.change(item.user, TAG.COMPROMISE_SET, found);
  },
  [ITEM.WITHDRAW]: (world, { statement: id }) => {
    const subject = namedStatement(id, world);
    if (isUnknown(subject)) {
      world.effect(id, TAG.STATEMENT_WITHDRAWN_BY_CHANGE, {}); // erased later: as the log states
      return;
    }
    requireStatus(subject, world, STATUS.PENDING);
    if (world.somebody(subject.creator).standing !== STANDING.DEACTIVATED) {
      refuse("creator_not_gone", "only its creator withdraws this statement");
    }
    world.statements.set(id, { ...subject, status: STATUS.WITHDRAWN });
    world.about.add(id);
    world.effect(id, TAG.STATEMENT_WITHDRAWN_BY_CHANGE, {});
  },
  [ITEM.ERASE]: (world, { statement: id, status, user }) => {
    requireFree(world.charter, user === undefined ? "statement" : "name", user ?? id);
    if (user !== undefined) {
      world.change(user, TAG.NAME_ERASED, nameErasureOf(world.somebody(user), world.erasing(user)));
      return;
    }
    const subject = namedStatement(id, world);
    if (world.about.has(id)) notErasable("another item of this change is about the statement");
    const erased = erasureOf(subject, world.erasing(id), world);
    if (!world.isLate || !mayBeAfter(status, erased.status)) requireCurrent(status, erased.status);
    world.statements.set(id, { ...subject, isErased: true, erasedBy: world.id });
    world.about.add(id);
    world.effect(id, TAG.BODIES_ERASED, erased);
  },
  [ITEM.HOLD]: (world, { statement, user }) => {
    // Evidence of some streams may leave out what is held.
    const find = () => (statement === null ? world.somebody(user) : namedStatement(statement, world));
    const subject = world.hasEverybody ? find() : null;
    return world.rule(TAG.HOLD_PLACED, holdOf(world.charter, { statement, user }, subject));
  },
  [ITEM.RELEASE_HOLD]: (world, item) => world.rule(TAG.HOLD_RELEASED, releaseOf(world.charter, item)),
  [ITEM.RE_ENROL]: (world, { user, key, expiresAt }) => {
    if (reEnrolling(world.person(user))) {
      refuse("recovery_waiting", "a re-enrolment of this person waits: cancel it");
    }
    if (toMs(expiresAt) <= world.nowMs) refuse("link_expired", "the link of this re-enrolment has expired");
    world.change(user, TAG.RE_ENROLMENT_OPENED, { key, expiresAt });
  },
  [ITEM.ADMIT]: async (world, { user, cose }) => {
    const waiting = reEnrolling(world.person(user));
    requireEffect(waiting?.needsAdmission, "no passkey of theirs waits for admission");
    if ((await digestOfKey(waiting)) !== cose) refuse("cose_mismatch", "the passkey that waits has another key");
    world.change(user, TAG.PASSKEY_ADMITTED, { credentialId: waiting.credentialId });
  },
  [ITEM.SET_CHARTER]: async (world, { values, was }) => {
    requireCurrent(was, await digestOf(world.charter.values));
    requireEffect(!same(values, world.charter.values), "these are the values already");
    return world.rule(TAG.CHARTER_SET, { values });
  },
  [ITEM.DEFINE_TYPE]: (world, item) => world.rule(TAG.TYPE_DEFINED, definitionOf(world.charter, item)),
  [ITEM.RETIRE_TYPE]: (world, item) => world.rule(TAG.TYPE_RETIRED, retirementOf(world.charter, item)),
  [ITEM.SET_GOVERNANCE]: async (world, { policy, was, people }) => {
    requireCurrent(was, await digestOf(world.charter.governance));
    requireEffect(!same(policy, world.charter.governance), "it is the policy already");
    requireValid(policy, rolesOf(world.charter));
    named(policy, "user:").forEach((user) => world.somebody(user));
    for (const { user, cose } of people ?? []) await requireLive(world.person(user), cose, world.nowMs);
    if (people !== null) world.governors = people.map(({ user }) => user);
    return world.rule(TAG.GOVERNANCE_SET, { policy });
  },
});

/** The states while the items of one change are applied. */
class World {
  constructor(change, { charter, people, statements, hasEverybody, erasing, isLate = false }, nowMs) {
    this.id = change;
    this.charter = charter;
    this.people = new Map(people);
    this.statements = new Map(statements);
    this.hasEverybody = hasEverybody;
    this.isLate = isLate; // whether the change is recorded late
    this.erasing = erasing; // what the erasure of a statement depends on
    this.about = new Set(); // the statements that earlier items are about
    this.nowMs = nowMs;
    this.governors = null; // whom the last policy for two or more people states
    this.effects = [];
  }

  requireRole(role) {
    if (!rolesOf(this.charter).includes(role)) refuse("role_unknown", `there is no role ${role}`);
  }

  somebody(user) {
    return this.people.get(user) ?? refuse("user_unknown", "there is no such person");
  }

  /** Return a person whom an item is about: anybody but a deactivated one. */
  person(user) {
    const found = this.somebody(user);
    requireEffect(found.standing !== STANDING.DEACTIVATED, "they are deactivated");
    return found;
  }

  setStanding(user, before, after) {
    requireEffect(this.person(user).standing === before, `they are not ${before}`);
    this.change(user, TAG.STANDING_SET, { standing: after });
  }

  change(user, type, members) {
    this.people.set(user, evolvePerson(this.people.get(user), this.effect(user, type, members)));
  }

  async rule(type, members) {
    this.charter = await evolveCharter(this.charter, this.effect(STREAM, type, members));
  }

  effect(stream, type, members) {
    const effect = { stream, type, body: { change: this.id, ...members } };
    this.effects.push(effect);
    return { ...effect, at: new Date(this.nowMs).toISOString() };
  }

  /** Refuse a change after which the people who can act could not meet the governance policy. */
  async requireGovernable(completes) {
    const { governance, closed } = this.charter;
    requireOpen(governance, closed);
    requireAboveFloor(this.charter);
    if (!this.hasEverybody) return;
    const acting = [...this.people.values()]
      .map((each) => inForce(this.charter, each))
      .filter((each) => maySign(each.roles) && canGovern(each, this.nowMs));
    const able = completes ? await counting(acting, governance) : acting;
    requireMeetable(governance, new Map(able.map(({ user, roles }) => [user, roles])));
    if (this.governors !== null) this.requireStated();
  }

  /** Refuse a change after which somebody whom it does not state could fill a place. */
  requireStated() {
    for (const each of this.people.values()) {
      const placed = hasPlace(inForce(this.charter, each), this.charter.governance);
      if (placed && each.standing !== STANDING.DEACTIVATED && !this.governors.includes(each.user)) {
        refuse("people_incomplete", "somebody who is not among people could fill a place");
      }
    }
  }
}

function requireEffect(hasEffect, otherwise) {
  if (!hasEffect) refuse("change_no_effect", `an item of this change does nothing: ${otherwise}`);
}

function requireCurrent(was, current) {
  if (was !== current) refuse("change_outdated", "what this change replaces has changed");
}

const named = (root, kind) =>
  members(root).filter((each) => each.startsWith(kind)).map((each) => each.slice(kind.length));
