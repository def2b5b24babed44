// Mirrors ledger.verify.tree: entries stand in the tree of the checkpoint, and in the trees that
// restores from a backup kept.

import { hex } from "../../static/js/lib/digest.js";
import { leafHash } from "../../static/js/lib/tree.js";
import { TAG } from "../domain/events.js";
import { equal } from "../encoding.js";
import { Refusal, refuse, Unknown } from "../errors.js";
import { rootIn, rowsOf, verifyInclusion, verifyTree } from "../tlog/merkle.js";
import { MODE } from "./container.js";

/** Verify the proofs of entries, and that each entry that needs one has it. */
export async function requireProofs(bundle, eachEntry) {
  const shown = new Set(bundle.statements);
  await eachEntry(({ raw, stream }, position) =>
    requireProof(bundle, raw, position - 1, bundle.mode === MODE.STATEMENT || shown.has(stream)),
  );
}

async function requireProof({ proofs, note }, raw, index, isNeeded) {
  const proof = proofs.get(index);
  if (!proof && !isNeeded) return;
  if (!proof) throw new Unknown("proof_missing", `the proof of entry ${index} is missing`);
  if (proof.index !== index || !equal(proof.note, note.raw)) {
    refuse("proof_mismatch", "the proof is of another entry or checkpoint");
  }
  await verifyInclusion(await leafHash(raw), index, note.size, proof.hashes, note.root);
}

/** Verify that all entries lead to the tiles and the root; `eachEntry` calls for each, in order. */
export async function requireTree({ tiles, note }, events, eachEntry) {
  const leaves = [];
  await eachEntry(async ({ raw }) => {
    leaves.push(await leafHash(raw));
  });
  await verifyTree(leaves, tiles, note.root);
  await requireKept(events, leaves);
}

/** Verify that each restore kept the entries before it; of a bundle with many, hash the tree once. */
async function requireKept(events, leaves) {
  const restores = events.filter(({ type }) => type === TAG.LEDGER_RESTORED);
  const rows = restores.length ? await rowsOf(leaves) : [];
  for (const { position, body: { kept } } of restores) {
    if (hex(await rootIn(rows, Math.min(kept.size, leaves.length))) === kept.root) continue;
    const detail = "the restore keeps another tree than the entries before it";
    throw new Refusal("root_mismatch", detail, position);
  }
}
