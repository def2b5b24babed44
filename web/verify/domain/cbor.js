// CBOR as WebAuthn uses it (CTAP2 canonical form, without its order of members): whole numbers,
// byte and text strings, arrays, maps, true, false, null. Shortest lengths only, no tags, no floats.
// What stands behind an item is the caller's to look at.

import { uint, utf8 } from "../encoding.js";
import { refuse } from "../errors.js";

const MAX_DEPTH = 8;
const SIMPLE = new Map([
  [20, false],
  [21, true],
  [22, null],
]);

function malformed(detail) {
  refuse("cbor_malformed", detail);
}

/** Return `[value, end]` of the item at `start`; maps are Maps. */
export function readCbor(bytes, start = 0, depth = 0) {
  if (start >= bytes.length || depth > MAX_DEPTH) malformed("it ends too early, or nests deeply");
  const major = bytes[start] >> 5;
  if (major === 7) {
    const simple = bytes[start] & 31;
    if (!SIMPLE.has(simple)) malformed("a float, or a simple value");
    return [SIMPLE.get(simple), start + 1];
  }
  const [number, at] = argument(bytes, start);
  if (major === 0) return [number, at];
  if (major === 1) return [-1 - number, at];
  if (major === 2 || major === 3) return string(bytes, at, number, major === 3);
  if (major === 4) return array(bytes, at, number, depth);
  if (major === 5) return map(bytes, at, number, depth);
  return malformed("a tag");
}

/** Return `[number, end]` of an item's head, in its shortest form. */
function argument(bytes, start) {
  const info = bytes[start] & 31;
  if (info < 24) return [info, start + 1];
  const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
  const end = start + 1 + width;
  if (width === undefined || end > bytes.length) malformed("no length");
  const number = uint(bytes.subarray(start + 1, end));
  const least = { 1: 24, 2: 2 ** 8, 4: 2 ** 16, 8: 2 ** 32 }[width];
  if (number < least || !Number.isSafeInteger(number)) malformed("not its shortest form");
  return [number, end];
}

function string(bytes, at, length, isText) {
  const end = at + length;
  if (end > bytes.length) malformed("a string is cut off");
  const content = bytes.subarray(at, end);
  return [isText ? utf8(content, "cbor_malformed") : content, end];
}

function array(bytes, start, count, depth) {
  const items = [];
  let at = start;
  for (let n = 0; n < count; n += 1) {
    const [item, end] = readCbor(bytes, at, depth + 1);
    items.push(item);
    at = end;
  }
  return [items, at];
}

function map(bytes, start, count, depth) {
  const members = new Map();
  let at = start;
  for (let n = 0; n < count; n += 1) {
    const [name, nameEnd] = readCbor(bytes, at, depth + 1);
    const [value, end] = readCbor(bytes, nameEnd, depth + 1);
    if (!["number", "string"].includes(typeof name) || members.has(name)) {
      malformed("a member's name is twice there, or no number or text");
    }
    members.set(name, value);
    at = end;
  }
  return [members, at];
}
