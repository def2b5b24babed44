// Mirrors ledger.verify.auditor: takes the events in the order of the log, recomputes each
// decision from its evidence, and compares. Where the two auditors differ, one of them is wrong.

import { toMs } from "../clock.js";
import { decideEffects, effectsOfApproval } from "../domain/changes/effects.js";
import { isChange, isDraftedAlone, parseItems } from "../domain/changes/items.js";
import * as charter from "../domain/charter.js";
import { take } from "../domain/claims.js";
import * as decisions from "../domain/decisions.js";
import { requireUuid } from "../domain/document.js";
import { decideDraft } from "../domain/drafting.js";
import { isEffect, STREAM_OF, streamOf, TAG } from "../domain/events.js";
import { addsKey } from "../domain/events_of_people.js";
import { isLate, requireErasing, requireLate, signedMs } from "../domain/late_acts.js";
import * as people from "../domain/person.js";
import { requireNeeded } from "../domain/operator_recovery.js";
import { NAMED, nextErased, nextUnnamed, requirePassed, requireStated, withoutDue } from "../domain/erasure.js";
import { requireSeen } from "../domain/seen.js";
import { evolveStatement } from "../domain/statement.js";
import * as versions from "../domain/versions.js";
import { same } from "../encoding.js";
import { refuse, Unknown } from "../errors.js";
import { DECIDE } from "./decisions.js";
import { added, KnownStates } from "./known_states.js";

const BEGINNINGS = [TAG.LEDGER_CREATED, TAG.USER_REGISTERED, TAG.STATEMENT_DRAFTED];
// A registration is four events, with nothing between them.
const REGISTRATION = { [TAG.USER_REGISTERED]: 1, [TAG.PASSKEY_ADDED]: 2, [TAG.KEY_ATTESTED]: 3, [TAG.USER_NAMED]: NAMED };
// What follows directly on the first event of a change, but for one of governance: its drafter's approval.
const APPROVAL = { [TAG.STATEMENT_SIGNED]: 2 };

/** Recomputes each decision, then folds its event; `complete` tells whether it gets the whole log. */
export class Auditor extends KnownStates {
  /** Recompute the next event from its evidence and fold it; refuse an event that differs. */
  async add(event) {
    // No choice of streams leaves a gap inside a commit.
    if (this.isInsideCommit && event.position !== this.position + 1) {
      refuse("position_gap", `after ${this.position} comes ${event.position}`);
    }
    this.requireComplete(event);
    const expected = await this.decide(event);
    if (expected.seen && event.body.seen) requireSeen(event.body, expected);
    if (!same(expected, event.body)) {
      refuse("decision_mismatch", "the evidence leads to another event");
    }
    if (event.type === TAG.BODIES_ERASED) requirePassed(event.body, this.erased.get(event.stream));
    await take(this.claims, event);
    await this.evolve(event);
    if (streamOf(event.type) !== STREAM_OF.LEDGER) this.notePlace(event.stream, event.position);
    this.position = event.position;
    this.newest = event.at;
  }

  /** Count an event whose body a bundle leaves out: nothing but what was seen rests on it. */
  passOver(position, { stream, version }) {
    if (this.isInsideCommit) refuse("position_gap", `after ${this.position} comes ${position}`);
    const known = stream === charter.STREAM ? this.charter : this.people.get(stream);
    if (!known) refuse("event_misplaced", "an event of nobody");
    if (version !== known.version + 1) refuse("version_gap", "a version is missing");
    if (stream === charter.STREAM) this.charter = { ...known, version };
    else this.setPerson(stream, (each) => ({ ...each, version }));
    this.position = position;
  }

  /** Take the entry of an event whose body a change erased; its decision is not recomputed. */
  addErased(position, entry) {
    const { stream, type, at } = entry;
    if (this.isInsideCommit && position !== this.position + 1) {
      refuse("position_gap", `after ${this.position} comes ${position}`);
    }
    requireStated(this.stated.get(stream), position);
    if (this.incomplete === stream && this.people.has(stream)) {
      this.people.set(stream, nextUnnamed(this.people.get(stream), entry));
      this.incomplete = null;
    } else {
      if (this.incomplete !== null) refuse(...this.torn());
      this.due = withoutDue(this.due, entry);
      const known = this.statements.get(stream);
      this.statements.set(stream, nextErased(known, entry, this.people.has(stream)));
      added(this.erased, stream, { position, type });
    }
    this.notePlace(stream, position);
    this.position = position;
    this.newest = at;
  }

  finish() {
    if (this.due.length) refuse("effects_missing", "what the last event brings about is missing");
    if (this.incomplete !== null) refuse(...this.torn());
    this.lateOrder.requireNext({});
  }

  get isInsideCommit() {
    return this.incomplete !== null || this.due.length > 0 || this.lateOrder.open !== null;
  }

  /** Return the code and the words for a beginning that another event interrupts. */
  torn() {
    return this.people.has(this.incomplete)
      ? ["registration_torn", "a registration is incomplete or interleaved with other events"]
      : ["change_torn", "the drafter's approval of a change does not follow"];
  }

  requireComplete(event) {
    const { stream, type, version } = event;
    this.lateOrder.requireNext(event);
    if (this.incomplete !== null) {
      const follows = { ...REGISTRATION, ...APPROVAL }[type] === version && version > 1;
      if (stream !== this.incomplete || !follows) refuse(...this.torn());
      if ([TAG.USER_NAMED, TAG.STATEMENT_SIGNED].includes(type)) this.incomplete = null;
    } else if (type === TAG.USER_REGISTERED) {
      this.incomplete = stream;
    }
  }

  // --- decide --------------------------------------------------------------------------------

  async decide(event) {
    const nowMs = toMs(event.at);
    this.settle(nowMs);
    if (this.charter?.frozen) refuse("ledger_frozen", "an event after the last one");
    if (event.type === TAG.LEDGER_CREATED) return DECIDE[event.type](this, event, { nowMs });
    if (!this.charter) refuse("not_founded", "the log does not begin with the ledger's creation");
    if (this.due.length && !isEffect(event.type)) {
      refuse("effects_missing", "what the last event brings about is missing");
    }
    const { ledger, party, invitations } = this.charter;
    const known = { ledger, party, nowMs, invitations, charter: this.charter };
    known.roles = charter.signingRolesOf(this.charter);
    known.earlier = versions.earlierOf(event.stream, this.sources());
    if (isLate(event)) return this.decideLate(event, known);
    return DECIDE[event.type](this, event, known);
  }

  /** Return a late act, decided as of the time that it states, as if nothing had been lost. */
  async decideLate(event, known) {
    const nowMs = signedMs(event);
    this.lateOrder.requirePlace(event, this.complete);
    requireLate(this.charter, nowMs, this.lateOrder.keptAt);
    this.isLate = true;
    try {
      const found = await DECIDE[event.type](this, event, { ...known, nowMs, charter: this.rules });
      return { ...found, late: true };
    } finally {
      this.isLate = false;
    }
  }

  found({ stream, body }, { nowMs }) {
    if (this.charter || stream !== charter.STREAM) refuse("ledger_founded_twice", "founded once");
    return charter.decideCreation(body, nowMs);
  }

  /** Return the charter, for an event of its stream. */
  ownStream({ stream }) {
    requireStream(stream, charter.STREAM);
    return this.charter;
  }

  /** Return the charter, for log keys that begin or end at a size that the log has reached. */
  logKeys(event) {
    const { body, position } = event;
    const own = this.ownStream(event);
    if ((body.firstSize ?? body.lastSize) > position) {
      refuse("log_keys_misplaced", "log keys begin or end at a later size");
    }
    return own;
  }

  async register({ stream, body }, { nowMs }) {
    requireStream(stream, body.user);
    const found = this.charter.invitations.find(({ id }) => id === body.invitation);
    if (body.invitation && !found && !this.complete) {
      throw new Unknown("invitation_missing", "the invitation is not there");
    }
    const admitted = await charter.admit(this.charter, body.role, found, nowMs);
    await requireNeeded(found, this.sources(), nowMs);
    return people.decideRegistration(body, admitted);
  }

  async draft(event, context) {
    const { again, document } = await decideDraft(event.body, this.signer(event), this.rules, {
      ...context,
      ...this.sources(),
      at: event.at,
    });
    requireStream(event.stream, document.statementId);
    const items = isChange(document) ? parseItems(document) : null;
    if (this.isLate) requireErasing(items);
    if (items) await decideEffects(document.statementId, items, this.sources(), { ...context, completes: false });
    return again;
  }

  /** Return the approval; the effects of the change that it completes are due next. */
  async approve(event, context) {
    const change = this.statement(event);
    if (this.isLate) requireErasing(change.items);
    const signed = await decisions.decideApproval(...this.decision(event), context);
    this.due = await effectsOfApproval(change, signed, this.sources(), context.nowMs);
    return signed;
  }

  /** Return the effect that is due; without the change, it is as the log states. */
  effect({ stream, type, body }) {
    const [next] = this.due;
    if (next?.stream === stream) {
      return next.type === type ? next.body : refuse("decision_mismatch", `${next.type} is due`);
    }
    const cause = body.change ?? body.by;
    requireUuid(cause);
    // Versions can be erased, and this is all that they bring about. Changes cannot be erased.
    const isErased = this.erased.get(cause)?.at(-1).position === this.position;
    if (type === TAG.STATEMENT_SUPERSEDED && !next && isErased) return body;
    if (next || this.complete || this.statements.has(cause)) {
      refuse("effect_unexpected", "nothing before it has this effect");
    }
    if ([TAG.BODIES_ERASED, TAG.NAME_ERASED].includes(type)) {
      throw new Unknown("change_missing", "the change that erased it is not there"); // or it is withheld
    }
    return body;
  }

  // --- evolve --------------------------------------------------------------------------------

  async evolve(event) {
    const { type, stream, version, body } = event;
    this.lateOrder.note(event, this.newest);
    const known =
      stream === charter.STREAM ? this.charter : (this.people.get(stream) ?? this.statements.get(stream));
    // A stream is about one ledger, person or statement, and it begins once.
    if (BEGINNINGS.includes(type) !== (version === 1) || (BEGINNINGS.includes(type) && known)) {
      refuse("event_misplaced", "a stream must begin once, with an event of its own kind");
    }
    if (version !== (known?.version ?? 0) + 1) refuse("version_gap", "a version is missing");
    const whose = streamOf(type);
    if (whose === STREAM_OF.STATEMENT) {
      const after = await evolveStatement(known, event);
      this.statements.set(stream, after);
      if (!known && after.replaced) added(this.replacing, after.supersedes.statement, stream);
      this.due = [...this.due, ...versions.effects(known, after)];
      if (!known && after.items !== null && !isDraftedAlone(after.items)) this.incomplete = stream;
    } else if (whose === STREAM_OF.PERSON) {
      this.setPerson(stream, (each) => people.evolvePerson(each, event));
      this.noteReEnrolling(stream);
    } else {
      this.charter = await charter.evolveCharter(known, event);
      this.lateOrder.voided(this.people.lose(event));
    }
    if (addsKey(event)) this.owners.set(body.kid, stream);
    if (isEffect(type)) this.due = this.due.slice(1);
  }
}

function requireStream(stream, expected) {
  if (stream !== expected) refuse("event_misplaced", "the event is in the wrong stream");
}
