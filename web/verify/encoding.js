// Mirrors ledger.encoding: bytes, base64, JSON. Every parser here accepts one spelling only.

import { decode as decodeUrl } from "../static/js/lib/b64u.js";
import { parse as parseStrict, StrictJsonError } from "../static/js/lib/strict-json.js";
import { Refusal, refuse } from "./errors.js";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// The characters for which str.isspace() of Python is true: both verifiers have to agree.
export const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const OUTER_SPACE = new RegExp(`^${SPACE.source}+|${SPACE.source}+$`, "g");

/** Return the text of UTF-8 bytes; refuse other bytes with this code. */
export function utf8(bytes, code = "json_invalid") {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return refuse(code, "not UTF-8");
  }
}

/** Return the bytes of canonical base64url without padding. */
export function fromBase64Url(text, code = "base64url_invalid") {
  try {
    return decodeUrl(text);
  } catch {
    return refuse(code, "not canonical base64url without padding");
  }
}

/** Return the bytes of canonical base64 with padding. */
export function fromBase64(text, code = "base64_invalid") {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) {
    refuse(code, "not base64 with padding");
  }
  const url = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return fromBase64Url(url, code);
}

export function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

export const concat = (...parts) => joinAll(parts);

/** Return all parts as one array; there may be more of them than a call has arguments. */
export function joinAll(parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function equal(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Return a whole number, big-endian; exact up to 2^53. */
export function uint(bytes) {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function uintBytes(number, length) {
  const bytes = new Uint8Array(length);
  for (let at = length - 1, rest = number; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** Return a text without the space around it, as Python's strip. */
export const strip = (text) => text.replace(OUTER_SPACE, "");

/** Return how many characters (code points) a text has, as Python's len. */
export const length = (text) => [...text].length;

/**
 * Return the value of JSON bytes; refuse duplicate members. A number that is not whole becomes
 * undefined. With `exact`, refuse numbers that a double would change (RFC 7493).
 */
export function parseJson(bytes, { exact = false } = {}) {
  const source = utf8(bytes);
  try {
    return plain(parseStrict(source, { exact }));
  } catch (error) {
    if (error instanceof StrictJsonError) throw new Refusal(error.code, error.message);
    throw error;
  }
}

function plain({ kind, text: written, members }) {
  if (kind === "string") return written;
  if (kind === "word") return { true: true, false: false, null: null }[written];
  if (kind === "number") return /^-?[0-9]+$/.test(written) ? Number(written) : undefined;
  if (kind === "array") return members.map(([, member]) => plain(member));
  const value = Object.create(null);
  for (const [name, member] of members) value[name] = plain(member);
  return value;
}

/** Return the value of stored JSON; refuse other text with this code. Duplicate members are not noticed. */
export function parseStored(source, code) {
  try {
    return JSON.parse(source, (name, value) => {
      const texts = typeof value === "string" ? [name, value] : [name];
      if (!texts.every((each) => each.isWellFormed())) refuse(code, "half a character");
      return value;
    });
  } catch {
    return refuse(code, "not JSON");
  }
}

/** Tell whether two JSON values are equal; the order of members does not count. */
export const same = (a, b) => canonical(a) === canonical(b);

/** Return the RFC 8785 form of a JSON value whose numbers are whole. */
export const canonical = (value) => JSON.stringify(value, sorted);

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

const sorted = (_, value) =>
  isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
