// The hashes of the log's tree (RFC 6962 section 2.1 with SHA-256), and the files that have its
// entries (C2SP tlog-tiles). Nothing is verified here: web/verify/tlog and workers/recheck.js do that.

import { sha256 } from "./digest.js";

export const HASH_BYTES = 32;
export const WIDTH = 256; // hashes in a full tile
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const SLICE = 4096;

export const leafHash = (entry) => sha256(joined(LEAF, entry));
export const nodeHash = (left, right) => sha256(joined(NODE, left, right));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Return the root hash over leaf hashes; of no leaf, the hash of no bytes. */
export async function rootOf(leaves) {
  if (!leaves.length) return sha256(new Uint8Array());
  let row = leaves;
  // Pair from the left and carry an odd last one up: the same tree as the RFC's split at the largest
  // power of two.
  while (row.length > 1) row = await paired(row);
  return row[0];
}

/** Return the hashes of the pairs of a row; an odd last one is carried up as it is. */
export async function paired(row) {
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

/** Return `<N>[.p/<W>]` of a tile: 1234067 is `x001/x234/067`. */
export function tilePath(n, width) {
  const digits = `${n}`;
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g);
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === WIDTH ? path : `${path}.p/${width}`;
}

/** Return the entries of an entry bundle, each after its length in two bytes; null if it is cut. */
export function entriesIn(tile) {
  const entries = [];
  let at = 0;
  while (at < tile.length) {
    const end = at + 2 + tile[at] * 256 + tile[at + 1];
    if (!(end <= tile.length)) return null;
    entries.push(tile.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
