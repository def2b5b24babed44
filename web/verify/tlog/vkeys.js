// Mirrors ledger.tlog.vkeys: the keys of checkpoints (C2SP signed-note), their digests, and
// the keys that a user expects.

import { bytesOf, hex, sha256 } from "../../static/js/lib/digest.js";
import { concat, fromBase64, SPACE } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { importEd25519 } from "../jose/keys.js";

export const ED25519 = 0x01; // a log's key
export const COSIGNER = 0x04; // a witness's key
const ML_DSA_44 = 0x06; // a log's or witness's key
export const LOG_KINDS = [ED25519, ML_DSA_44];
export const WITNESS_KINDS = [COSIGNER, ML_DSA_44];
export const SIGNATURE_BYTES = { [COSIGNER]: 64, [ML_DSA_44]: 2420 };
export const ID_BYTES = 4;
const PUBLIC_BYTES = { [ED25519]: 32, [COSIGNER]: 32, [ML_DSA_44]: 1312 };
const MAX_NAME_BYTES = 255;
const MAX_VKEY_CHARS = 4096;
const DIGEST = /^[0-9a-f]{64}$/;

export const isKeyName = (name) =>
  name !== "" && !SPACE.test(name) && !/[+\x00-\x1f]/.test(name) && bytesOf(name).length <= MAX_NAME_BYTES;

/** Return the key of a log's vkey, as `parseKey` does. */
export const parseVkey = (text) => parseKey(text, LOG_KINDS);

/** Return `{name, kind, public, id, vkey}` of a vkey; refuse weak keys, other kinds and spellings. */
export async function parseKey(text, kinds) {
  const [, name, id, key] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (key === undefined || text.length > MAX_VKEY_CHARS || !isKeyName(name)) {
    refuse("vkey_invalid", "a vkey must be <name>+<id>+<key>");
  }
  const raw = fromBase64(key, "vkey_invalid");
  const [kind, bytes] = [raw[0], raw.subarray(1)];
  if (!kinds.includes(kind) || PUBLIC_BYTES[kind] !== bytes.length) {
    refuse("vkey_invalid", "the key's type is not accepted here, or its length is wrong");
  }
  if (kind !== ML_DSA_44) await requireStrong(bytes);
  const named = concat(bytesOf(`${name}\n`), raw);
  if (id !== hex((await sha256(named)).subarray(0, ID_BYTES))) {
    refuse("vkey_invalid", "the id does not match the key");
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

/** Return a key's digest: SHA-256 over its type and public bytes, hex. */
export const keyDigest = async (key) =>
  hex(await sha256(concat(Uint8Array.of(key.kind), key.public)));

/**
 * Return the names of the keys in a text: one vkey or digest in hex a line, as `ledger log keys`
 * prints them. Refuse any other line with `vkey_invalid`.
 */
export async function parseExpected(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const given = lines.filter((line) => line && !line.startsWith("#"));
  return Promise.all(
    given.map(async (line) => {
      if (line.includes("+")) return (await parseVkey(line)).vkey;
      const plain = line.toLowerCase().replace(/[\s:]/g, "");
      return DIGEST.test(plain) ? plain : refuse("vkey_invalid", "not a log key or its SHA-256");
    }),
  );
}

/** Refuse the keys that signed unless one of them is among the expected names. */
export async function requireExpected(expected, keys) {
  const names = await Promise.all(keys.map(async (key) => [key.vkey, await keyDigest(key)]));
  if (!names.flat().some((name) => expected.includes(name))) {
    refuse("ledger_unexpected", "another ledger’s: the key given did not sign");
  }
}
