// The log's tree: RFC 6962 section 2.1 with SHA-256; roots from leaves, inclusion proofs verified.

import { sha256 } from "../static/js/lib/digest.js";
import { concat, equal } from "./bytes.js";
import { refuse } from "./fault.js";

const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const SLICE = 4096;

export const leafHash = (entry) => sha256(concat(LEAF, entry));
const nodeHash = (left, right) => sha256(concat(NODE, left, right));

/** Return the root over leaf hashes, that of nothing for none. */
export async function rootOf(leaves) {
  if (!leaves.length) return sha256(new Uint8Array());
  let row = leaves;
  // Pairs from the left, a last odd one carried up: the same tree as the RFC's largest-power split.
  while (row.length > 1) row = await paired(row);
  return row[0];
}

async function paired(row) {
  const above = [];
  for (let start = 0; start < row.length; start += SLICE) {
    const pairs = [];
    for (let at = start; at < Math.min(start + SLICE, row.length); at += 2) {
      pairs.push(at + 1 < row.length ? nodeHash(row[at], row[at + 1]) : row[at]);
    }
    above.push(...(await Promise.all(pairs)));
  }
  return above;
}

/** Verify that a leaf hash stands at `index` of a tree (RFC 9162 section 2.1.3.2). */
export async function verifyInclusion(leaf, index, size, proof, root) {
  const refused = (detail) => refuse("inclusion_refused", detail);
  if (!(index >= 0 && index < size)) refused("no leaf of the tree"); // step 1
  if (![leaf, root, ...proof].every((hash) => hash.length === HASH_BYTES)) refused("not hashes");
  // Halving by division: positions may be beyond the 32 bits of JavaScript's shifts.
  const half = (number) => Math.floor(number / 2);
  let [at, last, result] = [index, size - 1, leaf]; // steps 2 and 3
  for (const sibling of proof) {
    if (last === 0) refused("the proof is too long"); // step 4
    if (at % 2 === 1 || at === last) {
      result = await nodeHash(sibling, result);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      result = await nodeHash(result, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || !equal(result, root)) refused("the proof does not lead to the root"); // step 5
}
