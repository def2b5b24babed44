// Mirrors ledger.tlog.tiles: the paths of tiles, and entry bundles (C2SP tlog-tiles).

import { refuse } from "../errors.js";
import { WIDTH } from "./merkle.js";

/** Return `[level, n, width]` of every tile of a tree, each in its widest form. */
export function tilesOf(size) {
  const tiles = [];
  for (let level = 0, count = size; count; level += 1) {
    const whole = Math.floor(count / WIDTH);
    for (let n = 0; n < whole; n += 1) tiles.push([level, n, WIDTH]);
    if (count % WIDTH) tiles.push([level, whole, count % WIDTH]);
    count = whole;
  }
  return tiles;
}

/** Return `<N>[.p/<W>]` of a tile: 1234067 is `x001/x234/067`. */
export function tilePath(n, width) {
  const digits = `${n}`;
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g);
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === WIDTH ? path : `${path}.p/${width}`;
}

/** Return the entries of an entry bundle; before each stands its length in two bytes. */
export function splitEntries(tile) {
  const entries = [];
  let at = 0;
  while (at < tile.length) {
    const end = at + 2 + tile[at] * 256 + tile[at + 1];
    if (!(end <= tile.length)) refuse("entry_bundle_malformed", "the entry bundle is truncated");
    entries.push(tile.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
