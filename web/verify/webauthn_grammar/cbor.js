// Mirrors ledger.webauthn_grammar.cbor: CBOR as CTAP2 has it: definite, shortest, no tags, no floats,
// no duplicate keys. Both have the same limits and give the same reasons.

import { uint, utf8 } from "../encoding.js";
import { refuse } from "../errors.js";

export const MAX_BYTES = 65_536;
const MAX_DEPTH = 8; // the outermost item is at level 1
const MAX_MEMBERS = 64; // of one array or map
const MAX_ITEMS = 512; // of all levels: containers, keys and values
const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, , TAG, SIMPLE] = [0, 1, 2, 3, 4, 5, 6, 7];
const SIMPLE_VALUES = new Map([
  [20, false],
  [21, true],
  [22, null],
]);
const LEAST = { 1: 24, 2: 2 ** 8, 4: 2 ** 16, 8: 2 ** 32 }; // by the bytes that the number takes

function malformed(reason) {
  refuse("cbor_malformed", `CBOR: ${reason}`);
}

/** Return the one item that the bytes are; maps are Maps. */
export function parseCbor(bytes) {
  const [value, end] = parseCborPrefix(bytes, 0);
  return end === bytes.length ? value : malformed("bytes after the item");
}

/** Return `[value, end]` of the item that begins at `start`. */
export function parseCborPrefix(bytes, start) {
  if (bytes.length > MAX_BYTES) malformed("over 65,536 bytes");
  const reader = new Reader(bytes, start);
  return [reader.item(1), reader.at];
}

/** A place in the bytes, and how many items were begun before it. */
class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
    this.items = 0;
  }

  item(level) {
    const [major, number] = this.head(level);
    if (major === UNSIGNED) return number;
    if (major === NEGATIVE) return -1 - number;
    if (major === BYTES) return this.take(number);
    if (major === TEXT) return this.text(number);
    if (major === SIMPLE) return SIMPLE_VALUES.get(number);
    if (number > MAX_MEMBERS) malformed("over 64 members in a container");
    if (major === ARRAY) return Array.from({ length: number }, () => this.item(level + 1));
    const members = new Map();
    for (let n = 0; n < number; n += 1) {
      const key = this.key(level + 1);
      if (members.has(key)) malformed("a key twice");
      members.set(key, this.item(level + 1));
    }
    return members;
  }

  key(level) {
    const [major, number] = this.head(level);
    if (major === TEXT) return this.text(number);
    if (major > NEGATIVE) malformed("a key that is neither an integer nor text");
    return major === UNSIGNED ? number : -1 - number;
  }

  /** Return an item's major type, and the number after it in its shortest form. */
  head(level) {
    this.items += 1;
    if (level > MAX_DEPTH) malformed("over 8 levels");
    if (this.items > MAX_ITEMS) malformed("over 512 items");
    const [first] = this.take(1);
    const [major, number] = [first >> 5, first & 31];
    if (major === TAG) malformed("a tag");
    if (major === SIMPLE) {
      if (!SIMPLE_VALUES.has(number)) malformed("a float, or an unknown simple value");
      return [major, number];
    }
    return [major, number < 24 ? number : this.argument(number)];
  }

  argument(info) {
    if (info > 27) malformed("an indefinite or reserved length");
    const size = 1 << (info - 24);
    const number = uint(this.take(size));
    if (number < LEAST[size]) malformed("a number in a longer form than needed");
    if (!Number.isSafeInteger(number)) malformed("a number above 2^53 − 1");
    return number;
  }

  text(length) {
    const content = this.take(length);
    try {
      return utf8(content);
    } catch {
      return malformed("text that is not UTF-8");
    }
  }

  take(length) {
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) malformed("cut off");
    return this.bytes.subarray(start, this.at);
  }
}
