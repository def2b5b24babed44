// Checkpoints, their keys and proofs as text: C2SP signed-note, tlog-checkpoint, tlog-proof.

import { bytesOf, hex, sha256 } from "../static/js/lib/digest.js";
import { concat, fromBase64, SPACE, uintBytes, utf8 } from "./bytes.js";
import { Refusal, refuse, Unknown } from "./fault.js";
import { importEd25519, importRaw } from "./keys.js";

export const ED25519 = 0x01;
const ML_DSA_44 = 0x06;
const PUBLIC_BYTES = { [ED25519]: 32, [ML_DSA_44]: 1312 };
const MAX_NAME_BYTES = 255;
const MAX_VKEY_CHARS = 4096;
const MAX_NOTE_BYTES = 512 * 1024;
const MAX_SIGNATURES = 100;
const MAX_PROOF_HASHES = 63;
const ID_BYTES = 4;
const TIME_BYTES = 8;
const HASH_BYTES = 32;
const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const SUBTREE = bytesOf("subtree/v1\n\0");
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const FINGERPRINT = /^[0-9a-f]{64}$/;
const NUMBER = /^(?:0|[1-9][0-9]{0,15})$/;

const isKeyName = (name) =>
  name !== "" && !SPACE.test(name) && !/[+\x00-\x1f]/.test(name) && bytesOf(name).length <= MAX_NAME_BYTES;

/** Return `{name, kind, public, id, vkey}` of a vkey; refuse weak keys and other spellings. */
export async function parseVkey(text) {
  const [, name, id, key] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (key === undefined || text.length > MAX_VKEY_CHARS || !isKeyName(name)) {
    refuse("vkey_invalid", "not <name>+<id>+<key>");
  }
  const raw = fromBase64(key, "vkey_invalid");
  const [kind, bytes] = [raw[0], raw.subarray(1)];
  if (PUBLIC_BYTES[kind] !== bytes.length) refuse("vkey_invalid", "no Ed25519 or ML-DSA-44 key");
  if (kind === ED25519) await requireStrong(bytes);
  const named = concat(bytesOf(`${name}\n`), raw);
  if (id !== hex((await sha256(named)).subarray(0, ID_BYTES))) {
    refuse("vkey_invalid", "the id is not the key's");
  }
  return { name, kind, public: bytes, id, vkey: text };
}

async function requireStrong(bytes) {
  try {
    await importEd25519(bytes);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal("vkey_invalid", error.message);
    throw error;
  }
}

/** Return a key's fingerprint: SHA-256 over its type and public bytes, hex. */
export const fingerprint = async (key) =>
  hex(await sha256(concat(Uint8Array.of(key.kind), key.public)));

/**
 * Return the names of the keys in a text: vkeys, or their fingerprints in hex, one a line, as
 * `ledger log keys` prints them; refuse anything else with `vkey_invalid`.
 */
export async function parseExpected(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const given = lines.filter((line) => line && !line.startsWith("#"));
  return Promise.all(
    given.map(async (line) => {
      if (line.includes("+")) return (await parseVkey(line)).vkey;
      const plain = line.toLowerCase().replace(/[\s:]/g, "");
      return FINGERPRINT.test(plain) ? plain : refuse("vkey_invalid", "not a log key or its fingerprint");
    }),
  );
}

/** Refuse keys of which none is among the expected names. */
export async function requireExpected(expected, keys) {
  const names = await Promise.all(keys.map(async (key) => [key.vkey, await fingerprint(key)]));
  if (!names.flat().some((name) => expected.includes(name))) {
    refuse("ledger_unexpected", "another ledger’s: the key given did not sign");
  }
}

/** Return the checkpoint and signature lines of a note, nothing verified. */
export function parseNote(raw) {
  const source = plainText(raw, "note_malformed");
  const cut = source.lastIndexOf("\n\n");
  const lines = source.slice(cut + 2).split("\n");
  if (cut < 0 || lines.pop() !== "" || !lines.length || lines.length > MAX_SIGNATURES) {
    refuse("note_malformed", "not a text, an empty line, and 1 to 100 signatures");
  }
  const signatures = lines.map(parseSignature);
  const signed = source.slice(0, cut + 1);
  return { ...parseText(signed), signed, signatures };
}

function plainText(raw, code) {
  const source = utf8(raw, code);
  if (raw.length > MAX_NOTE_BYTES || CONTROL.test(source)) {
    refuse(code, "too long, or a control character");
  }
  return source;
}

function parseSignature(line) {
  const [dash, name, base64, ...more] = line.split(" ");
  if (dash !== "\u2014" || base64 === undefined || more.length || !isKeyName(name)) {
    refuse("note_malformed", "a signature line is — <name> <base64>");
  }
  const blob = fromBase64(base64, "note_malformed");
  if (blob.length <= ID_BYTES) refuse("note_malformed", "a signature line without a signature");
  return { name, id: hex(blob.subarray(0, ID_BYTES)), blob: blob.subarray(ID_BYTES) };
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
  if (!NUMBER.test(text) || !Number.isSafeInteger(number)) refuse(code, "not a whole number");
  return number;
}

function parseHash(text, code) {
  const hash = fromBase64(text, code);
  return hash.length === HASH_BYTES ? hash : refuse(code, "a hash has 32 bytes");
}

/**
 * Return `{note, signers, unknown}`: the note, those of the keys whose signature verified, and those
 * whose algorithm this browser has not. A signature of one of the keys that does not verify refuses
 * the note, and so does a note that none of them signed.
 */
export async function verifyNote(raw, keys, expectedOrigin) {
  const note = parseNote(raw);
  if (note.origin !== expectedOrigin) refuse("note_origin_mismatch", "the checkpoint of another log");
  const signers = new Set();
  const unknown = new Set();
  for (const signature of note.signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id);
    if (!key) continue;
    (await verifyLine(note, signature, key) ? signers : unknown).add(key);
  }
  if (!signers.size && !unknown.size) {
    refuse("note_unsigned", "none of the expected keys signed the checkpoint");
  }
  return { note, signers: [...signers], unknown: [...unknown] };
}

/** Verify one line; tell whether this browser could. */
async function verifyLine(note, { blob }, key) {
  const refused = () => refuse("note_signature_invalid", `a signature of ${key.name} does not verify`);
  if (key.kind === ED25519) {
    const verify = await importEd25519(key.public);
    return (await verify(blob, bytesOf(note.signed))) || refused();
  }
  const [time, signature] = [blob.subarray(0, TIME_BYTES), blob.subarray(TIME_BYTES)];
  if (time.length < TIME_BYTES || time[0] & 0x80) refused();
  try {
    const verify = await importRaw("ML-DSA-44", key.public);
    return (await verify(signature, cosigned(note, key.name, time))) || refused();
  } catch (error) {
    if (error instanceof Unknown) return false;
    throw error;
  }
}

/** Return the message under an ML-DSA-44 signature (C2SP tlog-cosignature). */
function cosigned({ origin, size, root }, name, time) {
  const parts = [SUBTREE, short(name), time, short(origin), new Uint8Array(8)];
  return concat(...parts, uintBytes(size, 8), root);
}

function short(text) {
  const raw = bytesOf(text);
  if (!raw.length || raw.length > 255) refuse("checkpoint_malformed", "a name of over 255 bytes");
  return concat(Uint8Array.of(raw.length), raw);
}

/** Return `{index, hashes, note}` of a `.tlog-proof`, nothing verified. */
export function parseProof(raw) {
  const source = plainText(raw, "proof_malformed");
  const cut = source.indexOf("\n\n");
  const lines = source.slice(0, cut).split("\n");
  if (cut < 0 || lines.shift() !== PROOF_HEADER) refuse("proof_malformed", `not ${PROOF_HEADER}`);
  if (lines[0]?.startsWith("extra ")) fromBase64(lines.shift().slice(6), "proof_malformed");
  const index = lines.shift();
  if (!index?.startsWith("index ") || lines.length > MAX_PROOF_HASHES) {
    refuse("proof_malformed", "no index, or over 63 hashes");
  }
  return {
    index: parseNumber(index.slice(6), "proof_malformed"),
    hashes: lines.map((line) => parseHash(line, "proof_malformed")),
    note: bytesOf(source.slice(cut + 2)),
  };
}

