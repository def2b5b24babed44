// Does what msgspec's Structs do for Python: check the shape of decoded JSON. Every member is known,
// every type exact; a member that may be absent gets its default.

import { isObject } from "./encoding.js";
import { refuse } from "./errors.js";

// A type is a function that returns the value to use, or `WRONG`.
const WRONG = Symbol("of another type");

const when = (fits) => (value) => (fits(value) ? value : WRONG);

export const text = when((value) => typeof value === "string");
export const integer = when(Number.isSafeInteger);
export const flag = when((value) => typeof value === "boolean");
export const oneOf = (...words) => when((value) => words.includes(value));

/** A member that may be null, but not absent. */
export const nullable = (type) => (value) => (value === null ? null : type(value));

/** A member that may be absent, and is null then. */
export const optional = (type) => withDefault(nullable(type), null);

const ABSENT = Symbol("absent, and not read");

/** A member that may be absent, and stays so: what is read has the same canonical form. */
export const ifPresent = (type) => withDefault(type, ABSENT);

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

/** An object with exactly these members. */
export const struct = (members) => (value) => {
  if (!isObject(value)) return WRONG;
  if (!Object.keys(value).every((name) => Object.hasOwn(members, name))) return WRONG;
  const read = {};
  for (const [name, type] of Object.entries(members)) {
    if (Object.hasOwn(value, name)) read[name] = type(value[name]);
    else read[name] = "missing" in type ? type.missing : WRONG;
    if (read[name] === WRONG) return WRONG;
    if (read[name] === ABSENT) delete read[name];
  }
  return read;
};

/** Return the value that this type makes of `value`; refuse a value of another type. */
export function read(type, value, code, detail = "members are missing, unknown or mistyped") {
  const found = type(value);
  return found === WRONG ? refuse(code, detail) : found;
}
