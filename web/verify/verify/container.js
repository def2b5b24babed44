// Mirrors ledger.verify.container: a ZIP that has one spelling, and the manifest in it. The
// reader walks the files' headers, computes the only directory that may follow them, and compares.

import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";
import { concat, equal, parseJson, utf8 } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { integer, listOf, mapOf, oneOf, read, struct, text } from "../shapes.js";

/** The kinds of bundle: some statements, the whole log with some bodies, the whole log. */
export const MODE = Object.freeze({ STATEMENT: "statement", REDACTED: "redacted", FULL: "full" });

export const MANIFEST = "manifest.json";
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_FILES = 65_000;
const MAX_BYTES = 2 ** 30;
const MAX_NAME_CHARS = 200;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const VERSION = 20;
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
  if (bytes.length > MAX_BYTES) refuse("bundle_too_large", "a bundle has at most 1 GiB");
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
    if (files.size === MAX_FILES) refuse("bundle_too_large", "a bundle has at most 65,000 files");
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
  return concat(...parts, directory(heads));
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
  const entries = concat(...parts);
  const end = new DataView(new ArrayBuffer(END_BYTES));
  end.setUint32(0, END, true);
  end.setUint16(8, heads.length, true);
  end.setUint16(10, heads.length, true);
  end.setUint32(12, entries.length, true);
  end.setUint32(16, offset, true);
  return concat(entries, new Uint8Array(end.buffer));
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
