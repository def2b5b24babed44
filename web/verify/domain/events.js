// Mirrors ledger.domain.events: every event's body, and what an event says of itself. Who acted,
// which signature is the evidence and which names it takes are derived here and nowhere else. A tag
// without a row in a table of this verifier stops it while it loads.

import { parseStored, utf8 } from "../encoding.js";
import { refuse, Unknown } from "../errors.js";
import { parseCompact } from "../jose/compact.js";
import { ed25519Jwk, publicJwk } from "../jose/keys.js";
import { flag, ifPresent, integer, listOf, mapOf, oneOf, optional, read, struct, text, withDefault } from "../shapes.js";
import { KEPT, LOST, OPERATOR_LINK, parseAct } from "./acts.js";
import { parseApproval } from "./approval.js";
import { SALT_BYTES } from "./entry.js";
import { EFFECT_TAG, OF_CHANGES } from "./events_of_changes.js";
import { ACT_NAME, assertion, confirmed, MATERIAL, OF_PEOPLE, PEOPLE_TAG, USE_NAME } from "./events_of_people.js";
import { FORM, READ_BY, REGISTRATION, STATUS, USE_OUTCOME } from "./vocabulary.js";

/** The tag of every event. */
export const TAG = Object.freeze({
  LEDGER_CREATED: "ledger-created.v1",
  LOG_KEYS_ANNOUNCED: "log-keys-announced.v1",
  LOG_KEYS_RETIRED: "log-keys-retired.v1",
  HEADS_KEY_REPLACED: "heads-key-replaced.v1",
  LEDGER_RESTORED: "ledger-restored.v1",
  OPERATOR_INVITED: "operator-invited.v1",
  OPERATOR_INVITATIONS_CANCELLED: "operator-invitations-cancelled.v1",
  LOG_FROZEN: "log-frozen.v1",
  ...PEOPLE_TAG,
  ...EFFECT_TAG,
  STATEMENT_DRAFTED: "statement-drafted.v1",
  STATEMENT_SIGNED: "statement-signed.v1",
  STATEMENT_REJECTED: "statement-rejected.v1",
  APPROVAL_RETRACTED: "approval-retracted.v1",
  STATEMENT_USED: "statement-used.v1",
  OUTCOME_REPORTED: "outcome-reported.v1",
  STATEMENT_SUPERSEDED: "statement-superseded.v1",
  STATEMENT_WITHDRAWN: "statement-withdrawn.v1",
});

/** Whose stream an event stands in. */
export const STREAM_OF = Object.freeze({ LEDGER: "ledger", PERSON: "person", STATEMENT: "statement" });

// The members that hold the signature of the actor, and how to parse them.
const SIGNED = { jws: parseApproval, act: parseAct };

const among = (words) => oneOf(...Object.values(words));
// By stream: the version that the decision read.
const seen = mapOf(integer);
const decided = { signer: text, kid: text, roles: listOf(text) };
// What the ledger itself does, with its own key.
const byLedger = { stream: STREAM_OF.LEDGER, actor: "ledger", evidence: ["act"], dependsOn: [], claims: [ACT_NAME] };

// By tag, as the Python classes declare it:
// - `members`: of the body, in the order of its one form;
// - `stream`: whose stream the event stands in;
// - `actor`: the member that names the person who acted, `owner` for the person of the stream, or
//   `ledger` for the ledger itself, which signs with its own key, `change` for an effect of a change;
// - `evidence`: the members that prove the event, the actor's signature (`act` or `jws`) first;
// - `dependsOn`: which other streams the decision depends on;
// - `claims`: templates of the names that the event takes for ever.
export const DECLARED = forEveryTag({
  [TAG.LEDGER_CREATED]: {
    members: {
      ledger: text,
      origin: text,
      rpId: text,
      registration: among(REGISTRATION),
      key: publicJwk,
      act: text,
      setup: ed25519Jwk,
      heads: ed25519Jwk,
    },
    ...byLedger,
    claims: [MATERIAL, ACT_NAME],
  },
  [TAG.LOG_KEYS_ANNOUNCED]: {
    members: { vkeys: listOf(text), firstSize: integer, act: text },
    ...byLedger,
    claims: [MATERIAL, ACT_NAME],
  },
  [TAG.LOG_KEYS_RETIRED]: {
    members: { vkeys: listOf(text), lastSize: integer, act: text },
    ...byLedger,
  },
  [TAG.HEADS_KEY_REPLACED]: {
    members: { heads: ed25519Jwk, act: text },
    ...byLedger,
    claims: [MATERIAL, ACT_NAME],
  },
  [TAG.LEDGER_RESTORED]: {
    members: {
      epoch: integer,
      kept: KEPT,
      lost: LOST,
      origin: text,
      vkeys: listOf(text),
      reason: text,
      act: text,
    },
    ...byLedger,
    claims: [MATERIAL, ACT_NAME],
  },
  [TAG.OPERATOR_INVITED]: {
    members: {
      recovery: text,
      lost: listOf(text),
      invitations: listOf(OPERATOR_LINK),
      activeFrom: text,
      expiresAt: text,
      reason: text,
      act: text,
    },
    ...byLedger,
    claims: [MATERIAL, ACT_NAME],
  },
  [TAG.OPERATOR_INVITATIONS_CANCELLED]: {
    members: { recovery: text, by: text, kid: text, act: text, assertion, signCount: integer },
    stream: STREAM_OF.LEDGER,
    actor: "by",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [ACT_NAME],
  },
  [TAG.LOG_FROZEN]: {
    members: { reason: text, act: text },
    ...byLedger,
    claims: ["frozen", ACT_NAME],
  },
  ...OF_PEOPLE,
  ...OF_CHANGES,
  [TAG.STATEMENT_DRAFTED]: {
    members: {
      document: text, creator: text, kid: text, act: text, endsAt: text, type: optional(text),
      readBy: withDefault(among(READ_BY), READ_BY.PARTICIPANTS), earlier: optional(among(STATUS)), seen,
      drafters: withDefault(listOf(text), []), late: ifPresent(flag),
    },
    stream: STREAM_OF.STATEMENT,
    actor: "creator",
    evidence: ["act"],
    dependsOn: ["actor", "affected", "superseded"],
    claims: [],
  },
  [TAG.STATEMENT_SIGNED]: {
    members: { ...decided, form: among(FORM), iat: integer, status: among(STATUS), jws: text, ...confirmed, step: optional(integer), seen, late: ifPresent(flag) },
    stream: STREAM_OF.STATEMENT,
    actor: "signer",
    evidence: ["jws", "assertion"],
    dependsOn: ["actor"],
    claims: [],
  },
  [TAG.STATEMENT_REJECTED]: {
    members: { ...decided, reason: text, iat: integer, status: among(STATUS), act: text, ...confirmed, seen },
    stream: STREAM_OF.STATEMENT,
    actor: "signer",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [],
  },
  [TAG.APPROVAL_RETRACTED]: {
    members: { signer: text, kid: text, iat: integer, act: text, reason: optional(text), ...confirmed, seen },
    stream: STREAM_OF.STATEMENT,
    actor: "signer",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [],
  },
  [TAG.STATEMENT_USED]: {
    members: { signer: text, kid: text, number: integer, generation: integer, nonce: text, act: text, reference: optional(text), seen },
    stream: STREAM_OF.STATEMENT,
    actor: "signer",
    evidence: ["act"],
    dependsOn: ["actor"],
    claims: [ACT_NAME, USE_NAME],
  },
  [TAG.OUTCOME_REPORTED]: {
    members: { signer: text, kid: text, number: integer, generation: integer, outcome: among(USE_OUTCOME), frees: flag, act: text, reason: optional(text), ...confirmed, seen },
    stream: STREAM_OF.STATEMENT,
    actor: "signer",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [ACT_NAME],
  },
  [TAG.STATEMENT_SUPERSEDED]: {
    members: { by: text },
    stream: STREAM_OF.STATEMENT,
    actor: "version",
    evidence: [],
    dependsOn: [],
    claims: [],
  },
  [TAG.STATEMENT_WITHDRAWN]: {
    members: { signer: text, kid: text, act: text, reason: optional(text), seen },
    stream: STREAM_OF.STATEMENT,
    actor: "signer",
    evidence: ["act"],
    dependsOn: ["actor"],
    claims: [],
  },
});
const SHAPES = new Map(Object.entries(DECLARED).map(([tag, { members }]) => [tag, struct(members)]));

// The actors of effects, which nobody signs.
const UNSIGNED = ["change", "version"];

/** Return the table; throw unless it has exactly one row for every tag. */
export function forEveryTag(table) {
  return requireRows(table, Object.values(TAG));
}

/** Return the table; throw unless it has exactly one row for every tag of these streams. */
export function forEveryTagOf(stream, table) {
  return requireRows(table, Object.values(TAG).filter((tag) => DECLARED[tag].stream === stream));
}

function requireRows(table, tags) {
  const wrong = [
    ...tags.filter((tag) => !Object.hasOwn(table, tag)),
    ...Object.keys(table).filter((tag) => !tags.includes(tag)),
  ];
  if (wrong.length) throw new Error(`a table by tag lacks or adds ${wrong.join(", ")}`);
  return Object.freeze(table);
}

function declared(type) {
  if (!Object.hasOwn(DECLARED, type)) throw new Unknown("event_unknown", `no event type ${type}`);
  return DECLARED[type];
}

/** Return whose stream an event of this type stands in. */
export const streamOf = (type) => declared(type).stream;

/** Tell whether an event is an effect of a change. */
export const isEffect = (type) => UNSIGNED.includes(declared(type).actor);

/** Return the user who acted, as the event says; null where the ledger itself or a change acted. */
export function actorOf({ type, stream, body }) {
  const { actor } = declared(type);
  if (actor === "ledger" || UNSIGNED.includes(actor)) return null;
  return actor === "owner" ? stream : body[actor];
}

/** Return the JWS that the actor's key signed, an approval or an act; empty without one. */
export function signatureOf({ type, body }) {
  return body[signedMember(type)] ?? "";
}

/** Return the unverified signature of a signed event. */
export function parseSignature(event) {
  return SIGNED[signedMember(event.type)](signatureOf(event));
}

const signedMember = (type) => declared(type).evidence.find((name) => Object.hasOwn(SIGNED, name));

/** Return the kid in the evidence: the signature's, else the proof of possession's, else "". */
export function kidOf(event) {
  if (signatureOf(event)) return parseSignature(event).header.kid;
  const isPossessed = declared(event.type).evidence.includes("possession");
  return isPossessed ? parseCompact(event.body.possession).header.kid : "";
}

/** Return the templates of the names that an event of this type takes. */
export const claimsOf = (type) => declared(type).claims;

/** Return the event of an entry and its salted body; absent members are null. */
export function decodeEvent({ type, at, stream, version }, position, salted) {
  declared(type);
  const detail = `a stored ${type} is malformed`;
  const source = utf8(salted.subarray(SALT_BYTES), "event_malformed");
  const body = read(SHAPES.get(type), parseStored(source, "event_malformed"), "event_malformed", detail);
  if (JSON.stringify(body) !== source) refuse("event_malformed", `a stored ${type} is not in its one form`);
  return { position, type, at, stream, version, body };
}
