// Mirrors ledger.verify.late_order: late acts stand directly after a restore that lost entries, and
// each change that they record stands in one commit.

import { isEffect } from "../domain/events.js";
import { isLate } from "../domain/late_acts.js";
import { isLoss } from "../domain/people.js";
import { refuse } from "../errors.js";
import { STATUS } from "../domain/vocabulary.js";

/** Follows the events of a log, and tells where a late act may be next. */
export class LateOrder {
  constructor() {
    this.keptAt = ""; // the time of the newest event before the last loss
    this.before = new Map(); // whom that loss changed, as they were; late effects change them
    this.people = null; // everybody as of that loss, without what it voids, once asked for
    this.next = null; // the position after a loss, and after what follows on it
    this.open = null; // the change that late acts have begun and not completed
  }

  /** Refuse something else within a late change, or the end of the log (an event of nothing). */
  requireNext(event) {
    if (this.open !== null && !(event.stream === this.open && isLate(event))) {
      refuse("late_incomplete", "a change that is recorded late lacks approvals");
    }
  }

  /** Follow an event; `before` is the time of the one before it. */
  note(event, before) {
    const { type, body, position, stream } = event;
    const follows = isLate(event) || (isEffect(type) && this.next === position);
    this.next = isLoss(event) || follows ? position + 1 : null;
    if (isLoss(event)) Object.assign(this, { keptAt: before, people: null });
    if (isLate(event)) this.open = body.status === STATUS.APPROVED ? null : stream;
  }

  /** Take the people whom an event of the ledger voided something of, as they were before it. */
  voided(before) {
    this.before = before;
  }

  /** Return everybody as of the last loss, without what it voids. */
  everybody(people) {
    this.people ??= new Map([...people].map(([user, each]) => [user, this.before.get(user) ?? each]));
    return this.people;
  }

  /** Change somebody as the late acts know them that may follow. */
  change(user, next) {
    if (this.next === null) return;
    for (const known of [this.before, this.people]) {
      if (known?.has(user)) known.set(user, next(known.get(user)));
    }
  }

  /** Refuse a late act anywhere else; evidence of some streams leaves gaps. */
  requirePlace({ position }, complete) {
    if (this.next === null || (complete && this.next !== position)) {
      refuse("late_misplaced", "late acts follow directly on a restore that lost entries");
    }
  }
}
