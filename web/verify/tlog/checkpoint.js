// Mirrors ledger.tlog.checkpoint: signed notes, checkpoints and proofs as text (C2SP signed-note,
// tlog-checkpoint, tlog-cosignature, tlog-proof).

import { bytesOf, hex } from "../../static/js/lib/digest.js";
import { HASH_BYTES } from "../../static/js/lib/tree.js";
import { concat, fromBase64, uintBytes, utf8 } from "../encoding.js";
import { refuse, Unknown } from "../errors.js";
import { importEd25519, importRaw } from "../jose/keys.js";
import { COSIGNER, ED25519, ID_BYTES, isKeyName, SIGNATURE_BYTES } from "./vkeys.js";

const MAX_NOTE_BYTES = 512 * 1024;
const MAX_SIGNATURES = 100;
const MAX_PROOF_HASHES = 63;
const TIME_BYTES = 8;
const MAX_TIME_S = 253_402_300_799n; // the end of the year 9999
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const SUBTREE = bytesOf("subtree/v1\n\0");
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const NUMBER = /^(?:0|[1-9][0-9]{0,15})$/;

/** Return the checkpoint and signature lines of a note, unverified. */
export function parseNote(raw) {
  const source = plainText(raw, "note_malformed");
  const cut = source.lastIndexOf("\n\n");
  const lines = source.slice(cut + 2).split("\n");
  if (cut < 0 || lines.pop() !== "" || !lines.length || lines.length > MAX_SIGNATURES) {
    refuse("note_malformed", "a note must be a text, an empty line, and 1 to 100 signatures");
  }
  const signed = source.slice(0, cut + 1);
  const text = parseText(signed);
  return { ...text, signed, signatures: lines.map(parseSignature) };
}

function plainText(raw, code) {
  const source = utf8(raw, code);
  if (raw.length > MAX_NOTE_BYTES || CONTROL.test(source)) {
    refuse(code, "too long, or it contains a control character");
  }
  return source;
}

function parseSignature(line) {
  const [dash, name, base64, ...more] = line.split(" ");
  if (dash !== "\u2014" || base64 === undefined || more.length || !isKeyName(name)) {
    refuse("note_malformed", "a signature line must be — <name> <base64>");
  }
  const blob = fromBase64(base64, "note_malformed");
  if (blob.length <= ID_BYTES) refuse("note_malformed", "a signature line has no signature");
  return { line, name, id: hex(blob.subarray(0, ID_BYTES)), blob: blob.subarray(ID_BYTES) };
}

function parseText(source) {
  const [origin, size, root, end, ...more] = source.split("\n");
  if (end !== "" || more.length || !origin) refuse("checkpoint_malformed", "not three lines");
  return {
    origin,
    size: parseNumber(size, "checkpoint_malformed"),
    root: parseHash(root, "checkpoint_malformed"),
  };
}

function parseNumber(text, code) {
  const number = Number(text);
  if (!NUMBER.test(text) || !Number.isSafeInteger(number)) refuse(code, "an INTEGER is invalid");
  return number;
}

function parseHash(text, code) {
  const hash = fromBase64(text, code);
  return hash.length === HASH_BYTES ? hash : refuse(code, "a hash must have 32 bytes");
}

/**
 * Return `{note, signers, unknown}`: the note, the keys whose signature verified, and the keys whose
 * algorithm this browser lacks. Refuse a note that none of the keys signed, or that has an invalid
 * signature of one of them.
 */
export async function verifyNote(raw, keys, expectedOrigin) {
  const note = parseNote(raw);
  if (note.origin !== expectedOrigin) refuse("note_origin_mismatch", "the checkpoint is another log's");
  const { times, unknown } = await verifyLines(note, keys);
  if (!times.size && !unknown.length) {
    refuse("note_unsigned", "none of the expected keys signed the checkpoint");
  }
  return { note, signers: [...times.keys()], unknown };
}

/**
 * Return `{times, unknown}`: the keys whose lines verify, each with the time in its line or null, and
 * those whose algorithm this browser lacks. Lines of other keys are ignored, and of equal lines all
 * but one: anybody can repeat a line. A false line is refused.
 */
export async function verifyLines(note, keys) {
  const times = new Map();
  const unknown = new Set();
  const different = new Map(note.signatures.map((each) => [each.line, each]));
  for (const signature of different.values()) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id);
    if (!key) continue;
    const time = await verifyLine(note, signature, key);
    if (time === undefined) unknown.add(key);
    else times.set(key, time);
  }
  return { times, unknown: [...unknown] };
}

/** Verify one line; return its time, null if it has none, undefined if this browser lacks the algorithm. */
async function verifyLine(note, { blob }, key) {
  const refused = () => refuse("note_signature_invalid", `a signature by ${key.name} is invalid`);
  if (key.kind === ED25519) {
    const verify = await importEd25519(key.public);
    return (await verify(blob, bytesOf(note.signed))) ? null : refused();
  }
  const [time, signature] = [blob.subarray(0, TIME_BYTES), blob.subarray(TIME_BYTES)];
  if (signature.length !== SIGNATURE_BYTES[key.kind] || time[0] & 0x80) refused();
  const seconds = new DataView(time.buffer, time.byteOffset).getBigUint64(0);
  if (seconds > MAX_TIME_S) refused();
  try {
    const cosigner = key.kind === COSIGNER;
    const verify = await (cosigner ? importEd25519(key.public) : importRaw("ML-DSA-44", key.public));
    const message = cosigner
      ? bytesOf(`cosignature/v1\ntime ${seconds}\n${note.signed}`)
      : cosigned(note, key.name, time);
    return (await verify(signature, message)) ? Number(seconds) : refused();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

/** Return the message that an ML-DSA-44 key signs (C2SP tlog-cosignature). */
function cosigned({ origin, size, root }, name, time) {
  const parts = [SUBTREE, short(name), time, short(origin), new Uint8Array(8)];
  return concat(...parts, uintBytes(size, 8), root);
}

function short(text) {
  const raw = bytesOf(text);
  if (!raw.length || raw.length > 255) refuse("checkpoint_malformed", "a name has over 255 bytes");
  return concat(Uint8Array.of(raw.length), raw);
}

/** Return `{index, hashes, note}` of a `.tlog-proof`, unverified. */
export function parseProof(raw) {
  const source = plainText(raw, "proof_malformed");
  const cut = source.indexOf("\n\n");
  const lines = source.slice(0, cut).split("\n");
  if (cut < 0 || lines.shift() !== PROOF_HEADER) refuse("proof_malformed", `not ${PROOF_HEADER}`);
  if (lines[0]?.startsWith("extra ")) fromBase64(lines.shift().slice(6), "proof_malformed");
  const index = lines.shift();
  if (!index?.startsWith("index ") || lines.length > MAX_PROOF_HASHES) {
    refuse("proof_malformed", "it has no index, or over 63 hashes");
  }
  return {
    index: parseNumber(index.slice(6), "proof_malformed"),
    hashes: lines.map((line) => parseHash(line, "proof_malformed")),
    note: bytesOf(source.slice(cut + 2)),
  };
}

