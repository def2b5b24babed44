// Mirrors ledger.verify.body_packs: the bodies of one tile's events in one file of a full bundle.
// Before each body (its salt, then the body) stands its length in four bytes; zero: not there.

import { tilePath, WIDTH } from "../../static/js/lib/tree.js";
import { joinAll } from "../encoding.js";
import { refuse } from "../errors.js";
import { tilesOf } from "../tlog/tiles.js";

const LENGTH_BYTES = 4;

/** Return `[name, n, width]` of each pack of a log of this size. */
export function packsOf(size) {
  const lowest = tilesOf(size).filter(([level]) => level === 0);
  return lowest.map(([, n, width]) => [`tile/bodies/${tilePath(n, width)}`, n, width]);
}

/** Return bodies, each with its salt before it, as a pack. */
export function packBodies(bodies) {
  return joinAll(bodies.flatMap((body) => [lengthOf(body), body]));
}

/** Return the bodies of a log by leaf index, each after its salt. */
export function readPacks(files, size) {
  const found = new Map();
  for (const [name, n, width] of packsOf(size)) {
    const bodies = splitPack(name, files.get(name) ?? refuse("file_missing", `${name} is not there`));
    if (bodies.length !== width) refuse("body_pack_malformed", `${name} has ${bodies.length} bodies`);
    bodies.forEach((body, at) => {
      if (body.length) found.set(n * WIDTH + at, body);
    });
  }
  return found;
}

function splitPack(name, pack) {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.byteLength);
  const bodies = [];
  let at = 0;
  while (at < pack.length) {
    const start = at + LENGTH_BYTES;
    const end = start <= pack.length ? start + view.getUint32(at) : start;
    if (end > pack.length) refuse("body_pack_malformed", `${name} was cut`);
    bodies.push(pack.subarray(start, end));
    at = end;
  }
  return bodies;
}

function lengthOf(body) {
  const view = new DataView(new ArrayBuffer(LENGTH_BYTES));
  view.setUint32(0, body.length);
  return new Uint8Array(view.buffer);
}
