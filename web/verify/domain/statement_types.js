// Mirrors ledger.domain.statement_types: kinds of statements that an administration defines.

import { parseSchema, SchemaError, unmet } from "../../static/js/lib/content-schema.js";
import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { parse } from "../../static/js/lib/strict-json.js";
import { SKEW_MS } from "../clock.js";
import { parseJson, same } from "../encoding.js";
import { refuse } from "../errors.js";
import { flag, integer, listOf, oneOf, optional, read, struct, text, withDefault } from "../shapes.js";
import { requireAge } from "./charter_values.js";
import { requireTitle, RESERVED, TYPE_NAME } from "./document.js";
import { covers, isMember, maySign, members, policy, requireShape, split } from "./policy.js";
import { requireText } from "./text.js";
import { requireUsable, usable } from "./usable.js";
import { SUPERSEDED_BY } from "./vocabulary.js";

const MAX_DEFINITION_BYTES = 64 * 1024;
const MAX_DRAFTERS = 256;
const MINUTE_MS = 60_000;
const MOST_FRESH_MINUTES = 10_080; // 7 days
const MOST_TOLD = 8;
const MOST_DAYS = 36_600; // a hundred years

const definition = struct({
  name: text,
  version: integer,
  title: text,
  drafters: listOf(text),
  policy,
  schema: (value) => value, // read from the tree, which keeps every number
  maxAge: optional(integer),
  usable: optional(usable),
  supersede: withDefault(oneOf(...Object.values(SUPERSEDED_BY)), SUPERSEDED_BY.CREATOR),
  freshness: optional(integer),
  messages: optional(struct({ title: withDefault(flag, false), members: withDefault(listOf(text), []) })),
  retention: optional(struct({ days: integer, since: oneOf("drafted", "final") })),
});

/** Return the type that a definition defines, without its digest. */
export function parseDefinition(source) {
  const raw = bytesOf(source);
  if (raw.length > MAX_DEFINITION_BYTES) invalid("a definition has at most 64 KiB");
  const found = read(definition, parseJson(raw, { exact: true }), "type_invalid");
  if (!TYPE_NAME.test(found.name) || found.name.startsWith(RESERVED)) {
    invalid("a name has parts of a-z, 0-9 and -, divided by /, and not ledger/ first");
  }
  if (found.version < 1) invalid("versions begin with 1");
  requireTitle(found.title, "type_invalid");
  requireDrafters(found.drafters);
  requireShape(found.policy);
  if (found.policy.expiresAt !== null) invalid("the policy of a type has no end");
  if (found.usable !== null) {
    requireUsable(found.usable);
    if (found.usable.until !== null) invalid("the uses of a type have no end");
  }
  if (found.maxAge !== null) requireAge(found.maxAge, "type_invalid");
  requireFreshness(found.freshness ?? SKEW_MS);
  const { days } = found.retention ?? { days: 1 };
  if (days < 1 || days > MOST_DAYS) invalid("retention is 1 to 36,600 days");
  const { members: top } = parse(source);
  const schema = schemaOf(top.find(([name]) => name === "schema")[1]);
  requireLabels(schema);
  if (found.messages !== null) requireTold(found.messages, schema);
  return { ...found, schema };
}

/** Require texts that people can read as the titles and descriptions of a schema. */
function requireLabels({ title, description, properties, items, additional }) {
  requireText(title, "label");
  requireText(description, "label");
  for (const each of [...properties.values(), items, additional]) if (each) requireLabels(each);
}

function schemaOf(tree) {
  try {
    return parseSchema(tree);
  } catch (error) {
    if (error instanceof SchemaError) refuse("schema_invalid", error.message);
    throw error;
  }
}

function requireDrafters(drafters) {
  const { length } = drafters;
  if (length < 1 || length > MAX_DRAFTERS || new Set(drafters).size !== length) {
    invalid(`drafters are 1 to ${MAX_DRAFTERS}, each of them once`);
  }
  if (!drafters.every(isMember)) invalid("a drafter is user:<id> or role:<name of a role>");
}

function requireFreshness(freshnessMs) {
  const minutes = freshnessMs / MINUTE_MS;
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MOST_FRESH_MINUTES) {
    invalid(`freshness is 1 to ${MOST_FRESH_MINUTES} whole minutes, in milliseconds`);
  }
}

function requireTold({ title, members: names }, { properties }) {
  if (!title && !names.length) invalid("messages has title, members or both");
  if (names.length > MOST_TOLD || new Set(names).size !== names.length) {
    invalid(`messages tell at most ${MOST_TOLD} members, each of them once`);
  }
  for (const name of names) {
    requireText(name, "label");
    if (!properties.has(name)) invalid("messages tell members that the properties of the schema name");
  }
}

const invalid = (detail) => refuse("type_invalid", detail);

/** Return the types after a new version or the end of one, which may end pending statements. */
export async function typesAfter(types, { name, definition: source = null, pending }) {
  const known = types.get(name);
  if (!known && source === null) refuse("event_misplaced", "a type that is not defined cannot be retired");
  const defined = async () => ({
    ...parseDefinition(source),
    sha256: await sha256Hex(source),
    isRetired: false,
  });
  const each = known?.freshnessMs ?? []; // of each version, from the first on
  const after = source === null ? { ...known, isRetired: true } : await defined();
  const stopped = known && pending === "stop" ? known.version : (known?.stopped ?? 0);
  const freshnessMs = source === null ? each : [...each, after.freshness ?? SKEW_MS];
  return new Map([...types, [name, { ...after, stopped, freshnessMs }]]);
}

/** Return how old a signature about a statement may be that states this type and version. */
export const freshnessOf = (types, stated) =>
  (stated !== null && types.get(stated.name)?.freshnessMs[stated.version - 1]) || SKEW_MS;

/** Return the roles that a definition names, of its drafters and its policy. */
export function rolesNamed({ drafters, policy: rules, usable: uses }) {
  const named = [...drafters, ...members(rules), ...rules.veto, ...(uses?.by ?? [])].map(split);
  return named.filter(([kind]) => kind === "role").map(([, name]) => name);
}

/** Tell whether a change ended the pending statements of a type and version. */
export const stops = (types, stated) =>
  stated !== null && types.has(stated.name) && stated.version <= types.get(stated.name).stopped;

/** Tell whether all who draft a type may supersede the statements of others of it, by such ones. */
export const letsDraftersSupersede = (types, earlier, stated) =>
  Boolean(earlier) && earlier.name === stated?.name
  && types.get(stated.name)?.supersede === SUPERSEDED_BY.DRAFTERS;

/** Return the type that a document states; refuse a person who drafts nothing of it. */
export function requireDrafter(types, { name, version, sha256 }, { user, roles }) {
  const known = types.get(name) ?? refuse("type_unknown", `this ledger has no type ${name}`);
  if (known.isRetired) refuse("type_retired", `the type ${name} is retired`);
  if (known.version !== version || known.sha256 !== sha256) {
    refuse("type_outdated", `${name} has another version or digest`);
  }
  if (!maySign(roles) || !known.drafters.some((member) => covers(member, user, roles))) {
    refuse("drafter_only", "this type names others who draft it");
  }
  return known;
}

/** Refuse a document with another policy or uses than its type's, or content that its schema refuses. */
export function requireMet(known, { policy: stated, usable: uses, content }) {
  if (!same({ ...stated, expiresAt: null }, known.policy)) {
    refuse("type_policy_mismatch", "the policy is not that of the type");
  }
  if (!same(uses && { ...uses, until: null }, known.usable)) {
    refuse("type_usable_mismatch", "usable is not that of the type");
  }
  const fault = unmet(known.schema, parse(content));
  if (fault) refuse("schema_unmet", `${fault.pointer} does not meet ${fault.keyword} of the type`);
}
