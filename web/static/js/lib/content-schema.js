// The schema of a type: a subset of JSON Schema 2020-12, and whether content meets it. Mirrors
// ledger.domain.content_schema; tests/vectors/schemas has cases for both. Schemas and contents are
// trees of strict-json.js, which keeps what a number was written as.

const MAX_SUBSCHEMAS = 500;
const MAX_DEPTH = 16;
const MAX_ENUM = 256;
const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];
// By keyword: the kind of the values that it bounds, and whether their size is within it.
const LENGTHS = {
  minLength: ["string", (size, limit) => size >= limit],
  maxLength: ["string", (size, limit) => size <= limit],
  minItems: ["array", (size, limit) => size >= limit],
  maxItems: ["array", (size, limit) => size <= limit],
};
const BOUNDS = {
  minimum: (value, limit) => value >= limit,
  maximum: (value, limit) => value <= limit,
  exclusiveMinimum: (value, limit) => value > limit,
  exclusiveMaximum: (value, limit) => value < limit,
};

/** Why a schema is refused; `why` names a text of the catalogue, and `what` is its value. */
export class SchemaError extends Error {
  constructor(why, detail, what) {
    super(detail);
    Object.assign(this, { why, what });
  }
}

/** Return the schema of a JSON tree; throw SchemaError for what is outside the subset. */
export const parseSchema = (tree) => parseNode(tree, 0, { count: 0 });

function parseNode(tree, depth, found) {
  found.count += 1;
  if (depth > MAX_DEPTH || found.count > MAX_SUBSCHEMAS) {
    invalid("size", `at most ${MAX_SUBSCHEMAS} schemas, ${MAX_DEPTH} levels deep`);
  }
  if (isFlag(tree)) return { ...ANY, never: tree.text === "false" };
  if (tree.kind !== "object") invalid("schema", "a schema is an object, true or false");
  const schema = { ...ANY, limits: [] };
  const nested = (each) => parseNode(each, depth + 1, found);
  for (const [keyword, value] of tree.members) {
    if (keyword === "items") schema.items = nested(value);
    else if (keyword === "additionalProperties") schema.additional = nested(value);
    else if (keyword === "properties") {
      if (value.kind !== "object") invalid("properties", "properties is an object of schemas");
      schema.properties = new Map(value.members.map(([name, each]) => [name, nested(each)]));
    } else if (Object.hasOwn(LENGTHS, keyword) || Object.hasOwn(BOUNDS, keyword)) {
      schema.limits.push([keyword, limitOf(keyword, value)]);
    } else if (Object.hasOwn(PLAIN, keyword)) PLAIN[keyword](value, schema);
    else invalid("keyword", `the keyword “${keyword}” is not supported`, keyword);
  }
  return schema;
}

const ANY = Object.freeze({
  types: null,
  properties: new Map(),
  required: [],
  additional: null,
  items: null,
  enum: null,
  const: null,
  limits: [],
  title: "",
  description: "",
  never: false,
});

const PLAIN = {
  type: (value, schema) => {
    const named = value.kind === "string" ? [value.text] : namesIn(value);
    if (!named?.length || !named.every((each) => TYPES.includes(each))) {
      invalid("type", "type is one type or a list of different types");
    }
    schema.types = named;
  },
  required: (value, schema) => {
    schema.required = namesIn(value) ?? invalid("required", "required is a list of different names");
  },
  enum: (value, schema) => {
    const { length } = value.members;
    if (value.kind !== "array" || length < 1 || length > MAX_ENUM) {
      invalid("enum", `enum is a list of 1 to ${MAX_ENUM} values`, MAX_ENUM);
    }
    schema.choices = value.members.map(([, each]) => each);
    schema.enum = new Set(schema.choices.map(keyOf));
  },
  const: (value, schema) => {
    schema.const = keyOf(value);
  },
  title: words("title"),
  description: words("description"),
};

function words(name) {
  return (value, schema) => {
    if (value.kind !== "string") invalid("text", "title and description are text");
    schema[name] = value.text;
  };
}

function limitOf(keyword, { kind, text }) {
  if (kind !== "number") invalid("number", `${keyword} is a number`, keyword);
  const limit = Number(text);
  if (Object.hasOwn(LENGTHS, keyword) && !(limit >= 0 && Number.isInteger(limit))) {
    invalid("whole", `${keyword} is a whole number from 0`, keyword);
  }
  return limit;
}

/** Return the different texts of a list, null for anything else. */
function namesIn({ kind, members }) {
  if (kind !== "array" || members.some(([, each]) => each.kind !== "string")) return null;
  const names = members.map(([, { text }]) => text);
  return new Set(names).size === names.length ? names : null;
}

const isFlag = ({ kind, text }) => kind === "word" && text !== "null";

/** Return a text that is equal exactly where JSON Schema says that values are: 1 is 1.0. */
function keyOf({ kind, text, members }) {
  if (kind === "number") return `${Number(text) + 0}`;
  if (kind === "string") return JSON.stringify(text);
  if (kind === "word") return text;
  if (kind === "array") return `[${members.map(([, each]) => keyOf(each)).join(",")}]`;
  const pairs = members.map(([name, each]) => `${JSON.stringify(name)}:${keyOf(each)}`);
  return `{${pairs.sort().join(",")}}`;
}

/** Return what a value does not meet first, as `{pointer, keyword}`; null if it meets all. */
export function unmet(schema, value, pointer = "") {
  const keyword = unmetHere(schema, value);
  if (keyword) return { pointer, keyword };
  for (const [at, [name, member]] of value.members.entries()) {
    const isObject = value.kind === "object";
    const nested = isObject ? (schema.properties.get(name) ?? schema.additional) : schema.items;
    const step = isObject ? name.replaceAll("~", "~0").replaceAll("/", "~1") : at;
    const found = nested && unmet(nested, member, `${pointer}/${step}`);
    if (found) return found;
  }
  return null;
}

function unmetHere(schema, value) {
  if (schema.never) return "false";
  if (schema.types && !typesOf(value).some((each) => schema.types.includes(each))) return "type";
  if (schema.enum && !schema.enum.has(keyOf(value))) return "enum";
  if (schema.const !== null && keyOf(value) !== schema.const) return "const";
  const limit = schema.limits.find(([keyword, most]) => !isWithin(keyword, most, value));
  if (limit) return limit[0];
  const names = value.kind === "object" ? new Set(value.members.map(([name]) => name)) : null;
  return names && !schema.required.every((name) => names.has(name)) ? "required" : null;
}

function typesOf({ kind, text }) {
  if (kind === "word") return [text === "null" ? "null" : "boolean"];
  if (kind === "number") return Number.isInteger(Number(text)) ? ["number", "integer"] : ["number"];
  return [kind];
}

/** Tell whether a value is within a limit; values of other types always are. */
function isWithin(keyword, limit, { kind, text, members }) {
  if (!Object.hasOwn(LENGTHS, keyword)) {
    return kind !== "number" || BOUNDS[keyword](Number(text), limit);
  }
  const [of, fits] = LENGTHS[keyword];
  return kind !== of || fits(of === "string" ? [...text].length : members.length, limit);
}

function invalid(why, detail, what) {
  throw new SchemaError(why, detail, what);
}
