// Mirrors ledger.tlog.tiles: the tiles of a tree, and entry bundles (C2SP tlog-tiles).

import { entriesIn, WIDTH } from "../../static/js/lib/tree.js";
import { refuse } from "../errors.js";

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

/** Return the entries of an entry bundle; refuse one that is cut. */
export function splitEntries(tile) {
  return entriesIn(tile) ?? refuse("entry_bundle_malformed", "the entry bundle is truncated");
}
