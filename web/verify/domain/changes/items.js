// Mirrors ledger.domain.changes.items: what a change asks for, in order.

import { titleOf } from "../../../static/js/lib/change-title.js";
import { bytesOf } from "../../../static/js/lib/digest.js";
import { toMs } from "../../clock.js";
import { isObject, parseJson } from "../../encoding.js";
import { refuse } from "../../errors.js";
import { ed25519Jwk, requirePrimeOrder } from "../../jose/keys.js";
import { listOf, oneOf, optional, read, struct, text, withDefault } from "../../shapes.js";
import { charterValues, requireValues } from "../charter_values.js";
import { requireUuid } from "../document.js";
import { asksForTwo, node, requireShape } from "../policy.js";
import { parseDefinition } from "../statement_types.js";
import { CHANGE, STATUS, TYPE_PENDING } from "../vocabulary.js";

/** The kinds of items. */
export const ITEM = Object.freeze({
  INVITE: "invite",
  CANCEL_INVITATION: "cancel-invitation",
  DEFINE_ROLE: "define-role",
  CLOSE_ROLE: "close-role",
  GRANT_ROLE: "grant-role",
  END_ROLE: "end-role",
  SUSPEND: "suspend",
  REINSTATE: "reinstate",
  DEACTIVATE: "deactivate",
  DECLARE_COMPROMISE: "declare-compromise",
  WITHDRAW: "withdraw",
  ERASE: "erase",
  HOLD: "hold",
  RELEASE_HOLD: "release-hold",
  RE_ENROL: "re-enrol",
  ADMIT: "admit",
  SET_CHARTER: "set-charter",
  DEFINE_TYPE: "define-type",
  RETIRE_TYPE: "retire-type",
  SET_GOVERNANCE: "set-governance",
});

const MAX_ITEMS = 32;
const MAX_GOVERNORS = 256;
const ROLE_NAME = /^[a-z][a-z0-9-]{0,63}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const person = { user: text };
const role = { role: text };

const pendingWord = oneOf(...Object.values(TYPE_PENDING));

// To erase a name is another item of the same kind; its member says so.
const OF_A_NAME = { name: text };
// A hold names a statement or a name.
const HELD = { statement: optional(text), name: optional(text) };
const SHAPES = {
  [ITEM.INVITE]: { invitation: text, ...role, key: ed25519Jwk, expiresAt: text },
  [ITEM.CANCEL_INVITATION]: { invitation: text },
  [ITEM.DEFINE_ROLE]: role,
  [ITEM.CLOSE_ROLE]: role,
  [ITEM.GRANT_ROLE]: { ...person, ...role, cose: optional(text) },
  [ITEM.END_ROLE]: { ...person, ...role },
  [ITEM.SUSPEND]: person,
  [ITEM.REINSTATE]: person,
  [ITEM.DEACTIVATE]: person,
  [ITEM.DECLARE_COMPROMISE]: {
    ...person,
    since: text,
    kid: optional(text),
    passkey: optional(text),
    also: withDefault(listOf(text), []),
  },
  [ITEM.WITHDRAW]: { statement: text },
  [ITEM.ERASE]: { statement: text, status: oneOf(...Object.values(STATUS)) },
  [ITEM.HOLD]: HELD,
  [ITEM.RELEASE_HOLD]: HELD,
  [ITEM.RE_ENROL]: { ...person, key: ed25519Jwk, expiresAt: text },
  [ITEM.ADMIT]: { ...person, cose: text },
  [ITEM.SET_CHARTER]: { values: charterValues, was: text },
  [ITEM.DEFINE_TYPE]: { definition: text, was: optional(text), pending: optional(pendingWord) },
  [ITEM.RETIRE_TYPE]: { type: text, was: text, pending: pendingWord },
  [ITEM.SET_GOVERNANCE]: { policy: node, was: text, people: optional(listOf(struct({ ...person, cose: text }))) },
};

// By member: what it must be in every state.
const CHECKS = {
  invitation: requireUuid,
  name: requireUuid,
  user: requireUuid,
  statement: requireUuid,
  since: toMs,
  role: (name) => {
    if (!ROLE_NAME.test(name)) invalid("a role's name has 1 to 64 characters of a-z, 0-9 and -");
  },
  key: requirePrimeOrder,
  values: requireValues,
  was: requireDigestOrNull,
  cose: requireDigestOrNull,
  people: requireGovernors,
  expiresAt: toMs,
  policy: (root) => requireShape({ ...root, veto: [] }),
};

/** Tell whether a document is a change. */
export const isChange = ({ type }) => type?.name === CHANGE;

/** Tell whether a change with these items is drafted without its drafter's approval: it sets governance. */
export const isDraftedAlone = (items) => items.some(({ name }) => name === ITEM.SET_GOVERNANCE);

/** Return the items of a change's document, each with its `name`. */
export function parseItems({ content }) {
  const found = parseJson(bytesOf(content), { exact: true });
  const { items } = found;
  const isList = Array.isArray(items) && items.length >= 1 && items.length <= MAX_ITEMS;
  if (!isList || Object.keys(found).length !== 1) {
    invalid(`the content of a change is {"items":[…]}, 1 to ${MAX_ITEMS} of them`);
  }
  return items.map(parseItem);
}

function parseItem(given) {
  const members = isObject(given) ? Object.entries(given) : [];
  const [name, value] = members.length === 1 ? members[0] : [""];
  if (!Object.hasOwn(SHAPES, name)) invalid("an item is an object whose one member names what it asks for");
  const isOfName = name === ITEM.ERASE && isObject(value) && Object.hasOwn(value, "name");
  const shape = isOfName ? OF_A_NAME : SHAPES[name];
  const item = read(struct(shape), value, "change_invalid", `${name} has other members`);
  for (const member of Object.keys(shape)) {
    if (shape !== HELD || item[member] !== null) CHECKS[member]?.(item[member]);
  }
  if (name === ITEM.SET_GOVERNANCE && (item.people !== null) !== asksForTwo(item.policy)) {
    invalid("a policy states people if it asks for two or more, and only then");
  }
  if (shape === HELD && (item.statement === null) === (item.name === null)) {
    invalid("a hold names a statement, or a person by name");
  }
  if (name === ITEM.DEFINE_TYPE) requireVersion(item);
  if (name === ITEM.DECLARE_COMPROMISE && (item.kid === null) === (item.passkey === null)) {
    invalid("declare-compromise names a kid or a passkey");
  }
  if (shape === HELD) return { name, statement: item.statement, user: item.name };
  return isOfName ? { name, user: item.name } : { name, ...item };
}

/** Refuse a first version that replaces something, and a later one that does not say what. */
function requireVersion({ definition, was, pending }) {
  const isFirst = parseDefinition(definition).version === 1;
  if ((was === null) !== isFirst || (pending === null) !== isFirst) {
    invalid("a version after the first states was and pending, and no first one does");
  }
}

function requireGovernors(people) {
  for (const { user, cose } of people ?? []) {
    requireUuid(user);
    requireDigest(cose);
  }
  const users = new Set(people?.map(({ user }) => user));
  if (users.size !== (people?.length ?? 0) || users.size > MAX_GOVERNORS) {
    invalid(`people are at most ${MAX_GOVERNORS}, each of them once`);
  }
}

function requireDigestOrNull(value) {
  if (value !== null) requireDigest(value);
}

function requireDigest(value) {
  if (!DIGEST.test(value)) invalid("a digest has 64 hex characters in lower case");
}

const invalid = (detail) => refuse("change_invalid", detail);

/** Return the title that a change with these items has. */
export const titleOfItems = (items) => titleOf(items.map(({ name, ...members }) => ({ [name]: members })));
