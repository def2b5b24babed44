// Mirrors ledger.verify.late_order: late acts stand directly after a restore that lost entries, and
// each change that they record stands in one commit.

import { isEffect, TAG } from "../domain/events.js";
import { isLate } from "../domain/late_acts.js";
import { refuse } from "../errors.js";
import { STATUS } from "../domain/vocabulary.js";

/** Follows the events of a log, and tells where a late act may be next. */
export class LateOrder {
  constructor() {
    this.keptAt = ""; // the time of the newest event before the last loss
    this.people = new Map(); // everybody as of that loss, without what it voids; late effects change them
    this.next = null; // the position after a loss, and after what follows on it
    this.open = null; // the change that late acts have begun and not completed
  }

  /** Refuse something else within a late change, or the end of the log (an event of nothing). */
  requireNext(event) {
    if (this.open !== null && !(event.stream === this.open && isLate(event))) {
      refuse("late_incomplete", "a change that is recorded late lacks approvals");
    }
  }

  /** Follow an event; `before` is the time of the one before it, and `people` are those before it. */
  note(event, before, people) {
    const { type, body, position, stream } = event;
    const isLoss = type === TAG.LEDGER_RESTORED && body.lost !== null;
    const follows = isLate(event) || (isEffect(type) && this.next === position);
    this.next = isLoss || follows ? position + 1 : null;
    if (isLoss) Object.assign(this, { keptAt: before, people });
    if (isLate(event)) this.open = body.status === STATUS.APPROVED ? null : stream;
  }

  /** Refuse a late act anywhere else; evidence of some streams leaves gaps. */
  requirePlace({ position }, complete) {
    if (this.next === null || (complete && this.next !== position)) {
      refuse("late_misplaced", "late acts follow directly on a restore that lost entries");
    }
  }
}
