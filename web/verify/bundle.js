// What a bundle holds, read strictly: the manifest, every file by its name, the entries by index.
// Check 1 (`readable`) is that all of this can be done; see ledger.verify.contents.

import { sha256Hex } from "../static/js/lib/digest.js";
import { jcs } from "../static/js/lib/jcs.js";
import { toBase64, utf8 } from "./bytes.js";
import { parseEntry, SALT_BYTES, splitEntries } from "./entries.js";
import { placed, Refusal, refuse } from "./fault.js";
import { parseNote, parseProof } from "./note.js";
import { requireUuid } from "./rules.js";
import { HASH_BYTES, WIDTH } from "./tree.js";
import { integer, listOf, mapOf, oneOf, parseJson, read, struct, text } from "./shapes.js";

const MANIFEST = "manifest.json";
const CHECKPOINT = "checkpoint";
const REQUIRED = ["README.txt", CHECKPOINT, "keys/vkeys"];
const PLAIN = [...REQUIRED, MANIFEST, "verify.html", "checkpoint.tsr", "policy", "keys/tsa-chain.pem"];
const NUMBERED = /^(?:(entries|bodies)\/(0|[1-9][0-9]{0,17})|(proofs)\/(0|[1-9][0-9]{0,17})\.tlog-proof)$/;
const EXHIBIT = /^(?:statements\/|people\/|keys\/vkeys$)/;
const SHA256 = /^[0-9a-f]{64}$/;

const manifest = struct({
  checkpoint: struct({ origin: text, root: text, size: integer }),
  files: mapOf(text),
  format: oneOf("ledger-evidence/1"),
  mode: oneOf("statement", "redacted", "full"),
  statements: listOf(text),
});

export const isExhibit = (name) => EXHIBIT.test(name);

/** Return the pairs of a map by index, in the order of the log. */
export const inOrder = (map) => [...map].sort(([a], [b]) => a - b);

/** Return the manifest, once every file is the one that it names. */
export async function readManifest(files, breathe) {
  if (!files.has(MANIFEST)) refuse("manifest_missing", `there is no ${MANIFEST}`);
  const found = parseManifest(files.get(MANIFEST));
  const names = new Set([...Object.keys(found.files), ...files.keys()]);
  names.delete(MANIFEST);
  for (const name of [...names].sort()) {
    if (!files.has(name)) refuse("file_missing", `${name} is not there`);
    if (!Object.hasOwn(found.files, name)) refuse("file_unlisted", `${name} is not in the manifest`);
    if ((await sha256Hex(files.get(name))) !== found.files[name]) {
      refuse("file_changed", `${name} is not the file of the manifest`);
    }
    await breathe();
  }
  return found;
}

function parseManifest(raw) {
  const broken = (detail) => refuse("manifest_malformed", `${MANIFEST}: ${detail}`);
  let found = null;
  try {
    found = read(manifest, parseJson(raw), "manifest_malformed");
    if (jcs(found) !== utf8(raw)) broken("not in its one form");
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof TypeError)) throw error;
    broken(error.message);
  }
  const digests = Object.values(found.files);
  if (Object.hasOwn(found.files, MANIFEST) || !digests.every((each) => SHA256.test(each))) {
    broken("it names itself, or no SHA-256");
  }
  const ids = new Set(found.statements);
  if (!ids.size || ids.size !== found.statements.length) broken("a statement twice, or none");
  return found;
}

/** Return what the files of a bundle are, everything in its one form and nothing verified. */
export async function readBundle(files, { checkpoint, mode, statements }, breathe) {
  for (const name of REQUIRED) if (!files.has(name)) refuse("file_missing", `${name} is not there`);
  const note = { raw: files.get(CHECKPOINT), ...parseNote(files.get(CHECKPOINT)) };
  const stated = jcs({ origin: note.origin, root: toBase64(note.root), size: note.size });
  if (jcs(checkpoint) !== stated) refuse("manifest_mismatch", "the manifest states another checkpoint");
  statements.forEach(requireUuid);
  const { tiles, names, bundled } = readTiles(files, mode === "statement" ? 0 : note.size);
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
    bodies: readBodies(numbered.bodies, entries),
    proofs: readProofs(numbered.proofs, entries),
  };
}

/** Return `[level, n, width]` of every tile of a tree, each in its widest form. */
function tilesOf(size) {
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
function tilePath(n, width) {
  const digits = `${n}`;
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g);
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === WIDTH ? path : `${path}.p/${width}`;
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

/** Return the files with a leaf index by kind; refuse every file that no bundle has. */
function sortFiles(files, mode, tileNames) {
  const found = { entries: new Map(), bodies: new Map(), proofs: new Map() };
  for (const [name, raw] of files) {
    if (PLAIN.includes(name) || tileNames.has(name) || isExhibit(name)) continue;
    const [, kind, index, proof, proofIndex] = NUMBERED.exec(name) ?? [];
    if (!kind && !proof) refuse("file_unknown", `${name} is no file of a bundle`);
    if (kind === "entries" && mode !== "statement") {
      refuse("file_unknown", `${name} is no file of a ${mode} bundle`);
    }
    found[kind ?? proof].set(Number(index ?? proofIndex), raw);
  }
  return found;
}

/** Return the entries parsed, each stream's versions being 1, 2, 3 … in the order of the log. */
async function parseEntries(raw, size, breathe) {
  const entries = new Map();
  const versions = new Map();
  for (const [index, bytes] of raw) {
    placed(index + 1, () => {
      if (index >= size) refuse("entry_missing", `the checkpoint has ${size} entries only`);
      const entry = parseEntry(bytes);
      const before = versions.get(entry.stream) ?? 0;
      if (entry.version !== before + 1) {
        refuse("version_gap", `after version ${before} comes ${entry.version}`);
      }
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
      if (!entries.has(index)) refuse("entry_missing", `bodies/${index} has no entry`);
      if (raw.length < SALT_BYTES) refuse("state_truncated", `bodies/${index} is cut`);
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
