// Mirrors ledger.verify.known_states: the states as of a position that recomputed decisions read.

import { toMs } from "../clock.js";
import * as charter from "../domain/charter.js";
import { isUnknown } from "../domain/erasure.js";
import { parseSignature } from "../domain/events.js";
import { asIfNothingWasLost } from "../domain/late_acts.js";
import { People } from "../domain/people.js";
import * as people from "../domain/person.js";
import { refuse } from "../errors.js";
import { LateOrder } from "./late_order.js";

/** Add an item to the list of a key, in place: a stream can have very many events. */
export function added(lists, key, item) {
  if (lists.has(key)) lists.get(key).push(item);
  else lists.set(key, [item]);
}

/** The states as of a position, and who owns which signing key; `complete` tells whether the whole log is there. */
export class KnownStates {
  constructor({ complete = true } = {}) {
    this.complete = complete;
    this.position = 0;
    this.newest = ""; // the time of the last event
    this.charter = null;
    this.people = new People();
    this.reEnrolling = new Set(); // the people whose re-enrolment waits
    this.settlesAt = Infinity; // when the first of them can be complete
    this.statements = new Map();
    this.owners = new Map();
    this.claims = new Set();
    this.incomplete = null;
    this.due = []; // what the last event brings about, which comes next
    this.erasures = new Map(); // what the log states of erasures, by stream, also of later ones
    this.stated = new Map(); // the sets of their positions
    this.replacing = new Map(); // by statement, the versions that are to replace it
    this.places = new Map(); // by stream, the positions of the events of a person or statement so far
    this.erased = new Map(); // by stream, the erased events so far
    this.lateOrder = new LateOrder();
    this.isLate = false; // whether what is decided is late
  }

  notePlace(stream, position) {
    added(this.places, stream, position);
  }

  /** Return what an erasure in a stream depends on. */
  erasing = (stream) => ({
    positions: [...(this.places.get(stream) ?? [])],
    versions: (this.replacing.get(stream) ?? [])
      .map((id) => this.statements.get(id))
      .filter((each) => !isUnknown(each)),
    stated: this.erasures.get(stream) ?? null,
  });

  /** The charter that decides acts; of late ones, as if the last restore had lost nothing. */
  get rules() {
    return this.isLate ? asIfNothingWasLost(this.charter) : this.charter;
  }

  /** Everybody as of the event that is decided. */
  get everybody() {
    return this.isLate ? this.lateOrder.everybody(this.people) : this.people;
  }

  /** Change what is known of a person, also as the late acts know it that may follow. */
  setPerson(stream, next) {
    this.people.set(stream, next(this.people.get(stream)));
    this.lateOrder.change(stream, next);
  }

  /** Complete the re-enrolments whose waiting is over by now; most events come before any is. */
  settle(nowMs) {
    if (nowMs < this.settlesAt) return;
    this.settlesAt = Infinity;
    for (const user of this.reEnrolling) {
      this.people.set(user, people.settled(this.people.get(user), nowMs));
      this.noteReEnrolling(user);
    }
  }

  /** Note whether a person's re-enrolment waits, and until when at least. */
  noteReEnrolling(user) {
    const added = people.reEnrolling(this.people.get(user));
    if (!added) {
      this.reEnrolling.delete(user);
      return;
    }
    this.reEnrolling.add(user);
    // Who is not admitted yet waits for that event, which is noted too.
    if (!added.needsAdmission) this.settlesAt = Math.min(this.settlesAt, toMs(added.activeFrom));
  }

  person({ stream }) {
    return this.people.get(stream) ?? refuse("event_misplaced", "an event of an unknown person");
  }

  sources() {
    const { charter, everybody, statements, complete, erasing, isLate } = this;
    return { charter, people: everybody, statements, hasEverybody: complete, erasing, isLate };
  }

  statement({ stream }) {
    return this.statements.get(stream) ?? refuse("event_misplaced", "an event of an unknown statement");
  }

  /** Return what a decision on a statement follows from. */
  decision = (event) => [this.statement(event), event.body, this.signer(event), this.everybody];

  /** Return the person whose key signed an event. */
  signer(event) {
    const stream = this.owners.get(parseSignature(event).header.kid);
    if (!stream) refuse("event_misplaced", "nobody’s signing key");
    return charter.inForce(this.charter, this.everybody.get(stream));
  }
}
