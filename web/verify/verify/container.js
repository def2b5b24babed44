// Mirrors ledger.verify.container: a ZIP that has one spelling, and the manifest in it. The
// reader walks the files' headers, computes the only directory that may follow them, and compares.

import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";
import { concat, equal, joinAll, parseJson, utf8 } from "../encoding.js";
import { Refusal, refuse, Unknown } from "../errors.js";
import { integer, listOf, mapOf, oneOf, read, struct, text } from "../shapes.js";

/** The kinds of bundle: some statements, the whole log with some bodies, the whole log. */
export const MODE = Object.freeze({ STATEMENT: "statement", REDACTED: "redacted", FULL: "full" });

export const MANIFEST = "manifest.json";
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_FILES = 1_000_000;
const MAX_BYTES = 2 ** 30; // of what this page reads; the format allows 8 GiB
const MAX_NAME_CHARS = 200;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const VERSION = 20;
const VERSION64 = 45;
const MAX_16 = 0xffff; // it means: see the ZIP64 record
const MADE_BY_UNIX = 3 << 8;
const DATE_1980 = 0x21;
const MODE_0644 = 0o100644 * 2 ** 16;
const NAME = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;

const manifest = struct({
  checkpoint: struct({ origin: text, root: text, size: integer }),
  files: mapOf(text),
  format: oneOf("ledger-evidence/1"),
  mode: oneOf(...Object.values(MODE)),
  statements: listOf(text),
});

/** Return the files of a container, name to bytes, in its order; refuse every other spelling. */
export function parseContainer(bytes) {
  if (bytes.length > MAX_BYTES) throw new Unknown("bundle_too_large", "this page reads 1 GiB at most");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files = new Map();
  const heads = [];
  let at = 0;
  let last = "";
  while (at + 4 <= bytes.length && view.getUint32(at, true) === LOCAL) {
    if (at + LOCAL_BYTES > bytes.length) malformed("it ends inside a header");
    const start = at + LOCAL_BYTES + view.getUint16(at + 26, true);
    const name = requireName(bytes.subarray(at + LOCAL_BYTES, start));
    const head = { name, crc: view.getUint32(at + 14, true), size: view.getUint32(at + 18, true) };
    if (!equal(localHeader(head), bytes.subarray(at, start))) {
      malformed(`the header of ${name} is not the one way to write it`);
    }
    if (name <= last) malformed(`${name} stands twice, or in the wrong place`);
    if (files.size === MAX_FILES) refuse("bundle_too_large", "a bundle has at most 1,000,000 files");
    const content = bytes.subarray(start, start + head.size);
    if (content.length !== head.size || crc32(content) !== head.crc) malformed(`${name} is damaged`);
    files.set(name, content);
    heads.push(head);
    at = start + head.size;
    last = name;
  }
  if (!equal(directory(heads), bytes.subarray(at))) malformed("not the one way to write it");
  return files;
}

/** Return the container of these files. */
export function writeContainer(files) {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const heads = sorted.map(([name, content]) => ({ name, crc: crc32(content), size: content.length }));
  const parts = sorted.flatMap(([, content], n) => [localHeader(heads[n]), content]);
  return joinAll([...parts, directory(heads)]);
}

function malformed(detail) {
  refuse("bundle_malformed", `not a bundle: ${detail}`);
}

function requireName(bytes) {
  const name = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  if (name.length > MAX_NAME_CHARS || !NAME.test(name)) {
    refuse("bundle_name_invalid", "a file's name is none that a bundle has");
  }
  return name;
}

function localHeader(head) {
  const view = new DataView(new ArrayBuffer(LOCAL_BYTES));
  view.setUint32(0, LOCAL, true);
  describe(view, 4, head);
  return concat(new Uint8Array(view.buffer), bytesOf(head.name));
}

/** Write what both headers of a file have: from the version needed to the length of the name. */
function describe(view, at, { name, crc, size }) {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 8, DATE_1980, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, name.length, true);
}

/** Return the directory of the files, and the end record. */
function directory(heads) {
  const parts = [];
  let offset = 0;
  for (const head of heads) {
    const view = new DataView(new ArrayBuffer(CENTRAL_BYTES));
    view.setUint32(0, CENTRAL, true);
    view.setUint16(4, MADE_BY_UNIX | VERSION, true);
    describe(view, 6, head);
    view.setUint32(38, MODE_0644, true);
    view.setUint32(42, offset, true);
    parts.push(new Uint8Array(view.buffer), bytesOf(head.name));
    offset += LOCAL_BYTES + head.name.length + head.size;
  }
  const entries = joinAll(parts);
  return concat(entries, endRecords(heads.length, entries.length, offset));
}

/** Return the end; sizes and offsets fit, for a file of 4 GiB was refused, but not every count. */
function endRecords(count, size, offset) {
  const more = count < MAX_16 ? 0 : END64_BYTES + LOCATOR64_BYTES;
  const view = new DataView(new ArrayBuffer(more + END_BYTES));
  view.setUint32(more, END, true);
  view.setUint16(more + 8, Math.min(count, MAX_16), true);
  view.setUint16(more + 10, Math.min(count, MAX_16), true);
  view.setUint32(more + 12, size, true);
  view.setUint32(more + 16, offset, true);
  if (!more) return new Uint8Array(view.buffer);
  view.setUint32(0, END64, true);
  view.setUint32(4, END64_BYTES - 12, true);
  view.setUint16(12, MADE_BY_UNIX | VERSION64, true);
  view.setUint16(14, VERSION64, true);
  [count, count, size, offset].forEach((each, n) => view.setUint32(24 + 8 * n, each, true));
  view.setUint32(END64_BYTES, LOCATOR64, true);
  view.setUint32(END64_BYTES + 8, offset + size, true);
  view.setUint32(END64_BYTES + 16, 1, true);
  return new Uint8Array(view.buffer);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) {
    value = (value >>> 8) ^ CRC_TABLE[(value ^ bytes[at]) & 0xff];
  }
  return ~value >>> 0;
}

/** Return the manifest; refuse files that are not exactly those that it lists. */
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
