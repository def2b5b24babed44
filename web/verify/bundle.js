// What a bundle holds, read strictly: the manifest, every file by its name, the entries by index.
// Check 1 (`readable`) is that all of this can be done.

import { sha256Hex } from "../static/js/lib/digest.js";
import { jcs } from "../static/js/lib/jcs.js";
import { toBase64, utf8 } from "./bytes.js";
import { parseCompact } from "./compact.js";
import { parseEntry, SALT_BYTES, splitEntries } from "./entries.js";
import { Refusal, refuse } from "./fault.js";
import { parseNote, parseProof, parseVkey } from "./note.js";
import { integer, listOf, mapOf, oneOf, parseJson, read, struct, text } from "./shapes.js";

const MANIFEST = "manifest.json";
const WIDTH = 256;
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const INDEX = "(0|[1-9][0-9]{0,15})";
const TILE = "((?:x[0-9]{3}/){0,6}[0-9]{3}(?:\\.p/[1-9][0-9]{0,2})?)";
const SHA256 = /^[0-9a-f]{64}$/;

const manifest = struct({
  checkpoint: struct({ origin: text, root: text, size: integer }),
  files: mapOf(text),
  format: oneOf("ledger-evidence/1"),
  mode: oneOf("statement", "redacted", "full"),
  statements: listOf(text),
});

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

// What a file is, by its name: [pattern, reader]; the first group is what the reader is told.
const READERS = [
  [/^(?:README\.txt|verify\.html|checkpoint\.tsr|policy|keys\/tsa-chain\.pem)$/, () => {}],
  [/^checkpoint$/, readCheckpoint],
  [/^keys\/vkeys$/, readVkeys],
  [new RegExp(`^statements/${UUID}/document\\.json$`), (_, raw) => parseJson(raw)],
  [new RegExp(`^statements/${UUID}/jws\\.json$`), (_, raw) => parseJson(raw)],
  [new RegExp(`^statements/${UUID}/[1-9][0-9]{0,15}-[a-z-]+\\.jws$`), (_, raw) => parseCompact(utf8(raw))],
  [new RegExp(`^people/${UUID}/[\\w-]{43}\\.(?:jwk|attestation)\\.json$`), (_, raw) => parseJson(raw)],
  [new RegExp(`^entries/${INDEX}$`), (bundle, raw, index) => bundle.entries.set(Number(index), parseEntry(raw))],
  [new RegExp(`^proofs/${INDEX}\\.tlog-proof$`), (bundle, raw, index) => bundle.proofs.set(Number(index), parseProof(raw))],
  [new RegExp(`^bodies/${INDEX}$`), readBody],
  [new RegExp(`^tile/(0|[1-9][0-9]?)/${TILE}$`), () => {}],
  [new RegExp(`^tile/entries/${TILE}$`), () => {}],
];

/** Return the contents of a bundle's files, everything parsed and nothing verified. */
export async function readBundle(files, found, breathe) {
  const bundle = {
    files,
    mode: found.mode,
    statements: found.statements,
    note: null,
    vkeys: [],
    entries: new Map(),
    proofs: new Map(),
    bodies: new Map(),
  };
  for (const [name, raw] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name === MANIFEST) continue;
    const [match, reader] = READERS.map(([pattern, each]) => [pattern.exec(name), each]).find(([m]) => m) ?? [];
    if (!match) refuse("file_unexpected", `${name} is no file of a bundle`);
    await reader(bundle, raw, match[1]);
    await breathe();
  }
  requireNote(bundle, found.checkpoint);
  if (bundle.mode !== "statement") await readTiles(bundle, breathe);
  requirePlaces(bundle);
  requireVersions(bundle);
  return bundle;
}

function readCheckpoint(bundle, raw) {
  bundle.note = { raw, ...parseNote(raw) };
}

async function readVkeys(bundle, raw) {
  const lines = utf8(raw, "vkey_invalid").split("\n");
  if (lines.pop() !== "") refuse("vkey_invalid", "a line without its end");
  for (const line of lines) bundle.vkeys.push(await parseVkey(line));
}

function readBody(bundle, raw, index) {
  if (raw.length < SALT_BYTES) refuse("state_truncated", "a body without its salt");
  bundle.bodies.set(Number(index), raw);
}

function requireNote({ note }, { origin, root, size }) {
  if (!note) refuse("file_missing", "there is no checkpoint");
  if (note.origin !== origin || note.size !== size || toBase64(note.root) !== root) {
    refuse("manifest_mismatch", "the manifest names another checkpoint");
  }
}

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
  const groups = `${n}`.padStart(Math.ceil(`${n}`.length / 3) * 3, "0").match(/.{3}/g);
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === WIDTH ? path : `${path}.p/${width}`;
}

async function readTiles(bundle, breathe) {
  const expected = new Set();
  for (const [level, n, width] of tilesOf(bundle.note.size)) {
    const path = tilePath(n, width);
    const named = level === 0 ? [`tile/0/${path}`, `tile/entries/${path}`] : [`tile/${level}/${path}`];
    for (const name of named) {
      if (!bundle.files.has(name)) refuse("file_missing", `${name} is not there`);
      expected.add(name);
    }
    if (level > 0) continue;
    const entries = splitEntries(bundle.files.get(`tile/entries/${path}`));
    if (entries.length !== width) refuse("entry_bundle_malformed", "a tile has fewer entries");
    entries.forEach((raw, at) => bundle.entries.set(n * WIDTH + at, parseEntry(raw)));
    await breathe();
  }
  const strange = [...bundle.files.keys()].find((name) => name.startsWith("tile/") && !expected.has(name));
  if (strange) refuse("file_unexpected", `${strange} is no tile of this tree`);
}

function requirePlaces({ entries, bodies, proofs, note }) {
  for (const [index] of [...entries, ...bodies, ...proofs]) {
    if (index >= note.size) refuse("file_unexpected", "an entry behind the checkpoint");
  }
  for (const [index] of [...bodies, ...proofs]) {
    if (!entries.has(index)) refuse("file_unexpected", "a body or proof without its entry");
  }
}

function requireVersions({ entries }) {
  const versions = new Map();
  for (const [index, { stream, version }] of inOrder(entries)) {
    if (version !== (versions.get(stream) ?? 0) + 1) {
      refuse("version_gap", "a version of a stream is missing", index + 1);
    }
    versions.set(stream, version);
  }
}

/** Return the pairs of a map by index, in the order of the log. */
export const inOrder = (map) => [...map].sort(([a], [b]) => a - b);
