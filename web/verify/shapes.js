// The shapes of decoded JSON: every member known, every type exact, what is left out filled in.

import { parse as parseStrict, StrictJsonError } from "../static/js/lib/strict-json.js";
import { utf8 } from "./bytes.js";
import { Refusal, refuse } from "./fault.js";

// A type is a function: the value as it is to be used, or `WRONG`.
const WRONG = Symbol("of another type");

const when = (fits) => (value) => (fits(value) ? value : WRONG);

export const text = when((value) => typeof value === "string");
export const integer = when(Number.isInteger);
export const flag = when((value) => typeof value === "boolean");
export const oneOf = (...words) => when((value) => words.includes(value));

/** A member that may be null but not absent. */
export const nullable = (type) => (value) => (value === null ? null : type(value));

/** A member that may be absent, and is null then. */
export const optional = (type) => withDefault(nullable(type), null);

export function withDefault(type, value) {
  const checked = (given) => type(given);
  checked.missing = value;
  return checked;
}

export const listOf = (type) => (value) => {
  if (!Array.isArray(value)) return WRONG;
  const items = value.map(type);
  return items.includes(WRONG) ? WRONG : items;
};

export const either = (...types) => (value) => {
  for (const type of types) {
    const read = type(value);
    if (read !== WRONG) return read;
  }
  return WRONG;
};

/** An object of any members, all of one type. */
export const mapOf = (type) => (value) => {
  if (!isObject(value)) return WRONG;
  const pairs = Object.entries(value).map(([name, member]) => [name, type(member)]);
  return pairs.some(([, member]) => member === WRONG) ? WRONG : Object.fromEntries(pairs);
};

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** An object with exactly these members. */
export const struct = (members) => (value) => {
  if (!isObject(value)) return WRONG;
  if (!Object.keys(value).every((name) => Object.hasOwn(members, name))) return WRONG;
  const read = {};
  for (const [name, type] of Object.entries(members)) {
    if (Object.hasOwn(value, name)) read[name] = type(value[name]);
    else read[name] = "missing" in type ? type.missing : WRONG;
    if (read[name] === WRONG) return WRONG;
  }
  return read;
};

/** Return the value as this type has it; refuse anything else. */
export function read(type, value, code, detail = "members are missing, unknown or mistyped") {
  const found = type(value);
  return found === WRONG ? refuse(code, detail) : found;
}

/**
 * Return the value of JSON bytes without duplicate members; numbers that are no whole number are
 * undefined. With `exact`, numbers that a double would change are refused (RFC 7493).
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

/** Tell whether two values of such types are the same, whatever the order of their members. */
export const same = (a, b) => canonical(a) === canonical(b);

/** Return the RFC 8785 form of a value of such types. */
export const canonical = (value) => JSON.stringify(value, sorted);

const sorted = (_, value) =>
  isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;

/** Return the value of a stored body's bytes: JSON whose numbers are whole ones. */
export function parseBody(bytes) {
  try {
    return JSON.parse(utf8(bytes), (_, value, context) => {
      const whole = /^-?[0-9]+$/.test(context?.source ?? value);
      if (typeof value === "number" && !whole) refuse("event_malformed", "not a whole number");
      if (typeof value === "string" && !value.isWellFormed()) {
        refuse("event_malformed", "half a character");
      }
      return value;
    });
  } catch {
    return refuse("event_malformed", "a stored body is not JSON");
  }
}
