// All people that a log has told of, by their ids, and what a loss does to them.

import { toMs } from "../clock.js";
import { TAG } from "./events.js";
import { afterLoss } from "./person.js";

/** Tell whether an event is a restore that lost something. */
export const isLoss = ({ type, body }) => type === TAG.LEDGER_RESTORED && body.lost !== null;

/** People by id. A loss changes everybody, a further one only those whom events changed since. */
export class People extends Map {
  changed = new Set(); // whom events have changed since the last loss

  set(user, person) {
    this.changed.add(user);
    return super.set(user, person);
  }

  /** Apply an event if it is a loss; return the people whom it changes, as they were before it. */
  lose(event) {
    if (!isLoss(event)) return new Map();
    const before = new Map([...this.changed].map((user) => [user, this.get(user)]));
    for (const [user, each] of before) super.set(user, afterLoss(each, toMs(event.at)));
    this.changed.clear();
    return before;
  }
}
