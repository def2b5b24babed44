// Mirrors ledger.verify.tree: the trees that restores from a backup kept.

import { hex } from "../../static/js/lib/digest.js";
import { rootOf } from "../../static/js/lib/tree.js";
import { TAG } from "../domain/events.js";
import { Refusal } from "../errors.js";

/** Verify that each restore kept the entries before it. */
export async function requireKept(events, leaves) {
  for (const { position, body } of events.filter(({ type }) => type === TAG.LEDGER_RESTORED)) {
    if (hex(await rootOf(leaves.slice(0, body.kept.size))) === body.kept.root) continue;
    const detail = "the restore keeps another tree than the entries before it";
    throw new Refusal("root_mismatch", detail, position);
  }
}
