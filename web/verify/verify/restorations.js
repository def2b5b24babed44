// Restores from a backup: the trees that they kept (ledger.verify.tree), and what a report says of
// them (ledger.verify.report).

import { hex } from "../../static/js/lib/digest.js";
import { TAG } from "../domain/events.js";
import { Refusal } from "../errors.js";
import { rootOf } from "../tlog/merkle.js";

/** Verify that each restore kept the entries before it. */
export async function requireKept(events, leaves) {
  for (const { position, body } of events.filter(({ type }) => type === TAG.LEDGER_RESTORED)) {
    if (hex(await rootOf(leaves.slice(0, body.kept.size))) === body.kept.root) continue;
    const detail = "the restore keeps another tree than the entries before it";
    throw new Refusal("root_mismatch", detail, position);
  }
}

/** Return a restore as a report shows it: with sizes instead of trees. */
export function restorationOf({ epoch, kept, lost, origin, reason, at }) {
  const position = kept.size + 1;
  return { position, at, epoch, origin, kept: kept.size, lost: lost?.size ?? lost, reason };
}
