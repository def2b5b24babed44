// Mirrors ledger.verify.contents: reads the files of a bundle, strictly. Check 1 (`readable`) is
// that every file has a known name and parses; check 2 (`content`) is that the bodies are the ones that
// the entries commit to, and that the exhibits follow from them.

import { jcs } from "../../static/js/lib/jcs.js";
import { HASH_BYTES, tilePath, WIDTH } from "../../static/js/lib/tree.js";
import { requireUuid } from "../domain/document.js";
import { parseEntry, requireCommitted, SALT_BYTES } from "../domain/entry.js";
import { erasedPositions, erasuresOf } from "../domain/erasure.js";
import { decodeEvent, TAG } from "../domain/events.js";
import { toBase64 } from "../encoding.js";
import { placed, refuse, Unknown } from "../errors.js";
import { parseNote, parseProof } from "../tlog/checkpoint.js";
import { splitEntries, tilesOf } from "../tlog/tiles.js";
import { packsOf, readPacks } from "./body_packs.js";
import { MANIFEST, MODE } from "./container.js";
import { isExhibit, requireExhibits, VKEYS } from "./exhibits.js";
import { HEADS } from "./heads.js";
import { withheldTags } from "./withheld.js";

const CHECKPOINT = "checkpoint";
const REQUIRED = ["README.txt", CHECKPOINT, VKEYS];
const PLAIN = [...REQUIRED, MANIFEST, "verify.html", "checkpoint.tsr", "policy", "keys/tsa-chain.pem"];
const NUMBERED = /^(?:(entries|bodies)\/(0|[1-9][0-9]{0,14})|(proofs)\/(0|[1-9][0-9]{0,14})\.tlog-proof)$/;

/** Return the pairs of a map by index, in the order of the log. */
export const inOrder = (map) => [...map].sort(([a], [b]) => a - b);

/** Return the parsed files of a bundle, unverified; refuse any file that is not in its one form. */
export async function readBundle(files, { checkpoint, mode, statements }, breathe) {
  for (const name of REQUIRED) if (!files.has(name)) refuse("file_missing", `${name} is not there`);
  const note = { raw: files.get(CHECKPOINT), ...parseNote(files.get(CHECKPOINT)) };
  const stated = jcs({ origin: note.origin, root: toBase64(note.root), size: note.size });
  if (jcs(checkpoint) !== stated) refuse("manifest_mismatch", "the manifest states another checkpoint");
  statements.forEach(requireUuid);
  const { tiles, names, bundled } = readTiles(files, mode === MODE.STATEMENT ? 0 : note.size);
  const packed = mode === MODE.FULL ? readPacks(files, note.size) : new Map();
  if (mode === MODE.FULL) packsOf(note.size).forEach(([name]) => names.add(name));
  const numbered = sortFiles(files, mode, names);
  const raw = numbered.entries.size ? new Map(inOrder(numbered.entries)) : bundled;
  const entries = await parseEntries(raw, note.size, breathe);
  return {
    files,
    mode,
    statements,
    note,
    tiles,
    entries,
    bodies: readBodies(new Map([...numbered.bodies, ...packed]), entries),
    proofs: readProofs(numbered.proofs, entries),
  };
}

/** Return the tiles of a tree of this size, their names, and the entries in them by index. */
function readTiles(files, size) {
  const tiles = [];
  const names = new Set();
  const bundled = new Map();
  const take = (name) => files.get(name) ?? refuse("file_missing", `${name} is not there`);
  for (const [level, n, width] of tilesOf(size)) {
    const name = `tile/${level}/${tilePath(n, width)}`;
    const hashes = take(name);
    if (hashes.length !== width * HASH_BYTES) refuse("tile_malformed", `${name} is too short or too long`);
    tiles.push({ level, n, hashes });
    names.add(name);
    if (level > 0) continue;
    const beside = `tile/entries/${tilePath(n, width)}`;
    const entries = splitEntries(take(beside));
    if (entries.length !== width) refuse("entry_bundle_malformed", `${beside} has ${entries.length} entries`);
    entries.forEach((raw, at) => bundled.set(n * WIDTH + at, raw));
    names.add(beside);
  }
  return { tiles, names, bundled };
}

/** Return the files that have a leaf index, by kind; refuse a file of an unknown name. */
function sortFiles(files, mode, tileNames) {
  const found = { entries: new Map(), bodies: new Map(), proofs: new Map() };
  for (const [name, raw] of files) {
    if (PLAIN.includes(name) || tileNames.has(name) || isExhibit(name)) continue;
    if (name === HEADS && mode === MODE.STATEMENT) continue;
    const [, kind, index, proof, proofIndex] = NUMBERED.exec(name) ?? [];
    if (!kind && !proof) refuse("file_unknown", `${name} is no file of a bundle`);
    // A mode has its entries in tiles, or its bodies in packs, and in one place only.
    if ((kind === "entries" && mode !== MODE.STATEMENT) || (kind === "bodies" && mode === MODE.FULL)) {
      refuse("file_unknown", `${name} is no file of a ${mode} bundle`);
    }
    found[kind ?? proof].set(Number(index ?? proofIndex), raw);
  }
  return found;
}

/** Return the parsed entries; in log order, each stream's versions are 1, 2, 3 … and no time decreases. */
async function parseEntries(raw, size, breathe) {
  const entries = new Map();
  const versions = new Map();
  let newest = "";
  for (const [index, bytes] of raw) {
    placed(index + 1, () => {
      if (index >= size) refuse("entry_missing", `the checkpoint has ${size} entries only`);
      const entry = parseEntry(bytes);
      const before = versions.get(entry.stream) ?? 0;
      if (entry.version !== before + 1) {
        refuse("version_gap", `after version ${before} comes ${entry.version}`);
      }
      if (entry.at < newest) refuse("time_backwards", `${entry.at} comes after ${newest}`);
      newest = entry.at;
      versions.set(entry.stream, entry.version);
      entries.set(index, entry);
    });
    await breathe();
  }
  return entries;
}

function readBodies(bodies, entries) {
  for (const [index, raw] of inOrder(bodies)) {
    placed(index + 1, () => {
      if (!entries.has(index)) refuse("entry_missing", `the body of ${index} has no entry`);
      if (raw.length < SALT_BYTES) refuse("state_truncated", `the body of ${index} is cut`);
    });
  }
  return bodies;
}

function readProofs(proofs, entries) {
  const found = new Map();
  for (const [index, raw] of inOrder(proofs)) {
    placed(index + 1, () => {
      if (!entries.has(index)) refuse("entry_missing", `proofs/${index}.tlog-proof has no entry`);
      found.set(index, parseProof(raw));
    });
  }
  return found;
}

/** Return the events of a bundle (check 2). `each` gives every entry and its position to a function. */
export async function readEvents(bundle, each) {
  const { bodies, mode, statements, files } = bundle;
  const events = [];
  await each(async (entry, position) => {
    const salted = bodies.get(position - 1);
    if (!salted) return;
    await requireCommitted(entry, salted);
    events.push(decodeEvent(entry, position, salted));
  });
  const erasures = erasuresOf(events);
  const erased = erasedPositions(erasures);
  const isErased = ([index, { stream }]) => erased.get(stream)?.has(index + 1);
  requireBodies(lacking(bundle).filter((each) => !isErased(each)), events, mode);
  requireDrafts(events, statements, erasures);
  await requireExhibits(files, events, statements);
  return events;
}

/** Return the entries without a body, of streams that have others; in mode full, all of them. */
export function lacking({ entries, bodies, mode }) {
  const shown = new Set([...bodies.keys()].map((index) => entries.get(index).stream));
  return inOrder(entries).filter(
    ([index, { stream }]) => !bodies.has(index) && (mode === MODE.FULL || shown.has(stream)),
  );
}

function requireBodies(missing, events, mode) {
  const tags = withheldTags(events);
  for (const [index, { type }] of missing) {
    if (mode !== MODE.FULL && tags.includes(type)) continue;
    throw new Unknown("body_missing", `the body of entry ${index} is not there`, index + 1);
  }
}

function requireDrafts(events, statements, erasures) {
  const drafts = events.filter(({ type }) => type === TAG.STATEMENT_DRAFTED);
  const drafted = new Set(drafts.map(({ stream }) => stream));
  for (const id of statements) {
    if (erasures.has(id)) refuse("statement_erased", `the statement ${id} was erased`); // also if the bodies were kept
    if (!drafted.has(id)) refuse("statement_unknown", `the statement ${id} is not in it`);
  }
}
