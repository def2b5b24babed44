// Mirrors ledger.tlog.merkle: the log's tree, RFC 6962 section 2.1 with SHA-256. Verifies inclusion
// proofs and whole trees with their tiles; static/js/lib/tree.js has the hashes.

import { HASH_BYTES, nodeHash, paired, rootOf, WIDTH } from "../../static/js/lib/tree.js";
import { equal } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";

/** Verify that a leaf hash stands at `index` of a tree (RFC 9162 section 2.1.3.2). */
export async function verifyInclusion(leaf, index, size, proof, root) {
  const refused = (detail) => refuse("inclusion_refused", detail);
  if (!(index >= 0 && index < size)) refused("no leaf of the tree"); // step 1
  if (![leaf, root, ...proof].every((hash) => hash.length === HASH_BYTES)) refused("not hashes");
  // Divide: JavaScript's shifts keep 32 bits, and positions may have more.
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
  if (last !== 0 || !equal(result, root)) refused("the proof leads to another root"); // step 5
}

/** Verify that a log's tiles, lowest level first, and its root are over these leaf hashes. */
export async function verifyTree(leaves, tiles, root) {
  let [row, at] = [leaves, 0];
  for (const tile of tiles) {
    if (tile.level > at) [row, at] = [await tops(row), tile.level];
    requireTile(tile, row);
  }
  if (!equal(await rootOf(leaves), root)) refuse("root_mismatch", "the entries lead to a different root");
}

/** Return the root of each full tile of a row. */
function tops(row) {
  const full = Math.floor(row.length / WIDTH);
  return Promise.all(
    Array.from({ length: full }, (_, n) => rootOf(row.slice(n * WIDTH, (n + 1) * WIDTH))),
  );
}

function requireTile({ level, n, hashes }, row) {
  for (let at = 0; at < hashes.length / HASH_BYTES; at += 1) {
    const index = n * WIDTH + at;
    if (equal(row[index], hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) continue;
    const detail = `tile ${n} of level ${level} does not match the entries`;
    throw new Refusal("tile_mismatch", detail, level === 0 ? index + 1 : null);
  }
}

/** Return the rows of a tree over these leaf hashes, the leaves first, with its full subtrees only. */
export async function rowsOf(leaves) {
  const rows = [leaves];
  while (rows.at(-1).length > 1) {
    const row = rows.at(-1);
    rows.push(await paired(row.slice(0, row.length - (row.length % 2))));
  }
  return rows;
}

/** Return the root over the first `size` leaves: the hash over the full subtrees that they are. */
export async function rootIn(rows, size) {
  let root = null;
  for (let [level, count] = [0, size]; count > 0; [level, count] = [level + 1, Math.floor(count / 2)]) {
    if (count % 2 === 0) continue;
    const subtree = rows[level][count - 1];
    root = root ? await nodeHash(subtree, root) : subtree;
  }
  return root ?? rootOf([]);
}
