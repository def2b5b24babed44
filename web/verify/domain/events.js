// Mirrors src/ledger/domain/events.py: every event's body, and what an event says of itself. Who acted,
// which signature is the evidence and which names it takes are derived here and nowhere else. A tag
// without a row in a table of this verifier stops it while it loads.

import { utf8 } from "../encoding.js";
import { refuse, Unknown } from "../errors.js";
import { publicJwk } from "../jose/keys.js";
import { flag, integer, listOf, optional, read, struct, text } from "../shapes.js";
import { parseAct } from "./acts.js";
import { parseApproval } from "./approval.js";
import { SALT_BYTES } from "./entry.js";

/** The tag of every event. */
export const TAG = Object.freeze({
  LEDGER_CREATED: "ledger-created.v1",
  INVITATION_ISSUED: "invitation-issued.v1",
  LOG_KEYS_ANNOUNCED: "log-keys-announced.v1",
  LOG_KEYS_RETIRED: "log-keys-retired.v1",
  LOG_FROZEN: "log-frozen.v1",
  USER_REGISTERED: "user-registered.v1",
  PASSKEY_ADDED: "passkey-added.v1",
  PASSKEY_REMOVED: "passkey-removed.v1",
  KEY_ATTESTED: "key-attested.v1",
  KEY_REVOKED: "key-revoked.v1",
  ROLE_GRANTED: "role-granted.v1",
  STATEMENT_DRAFTED: "statement-drafted.v1",
  STATEMENT_SIGNED: "statement-signed.v1",
  STATEMENT_REJECTED: "statement-rejected.v1",
  STATEMENT_WITHDRAWN: "statement-withdrawn.v1",
});

/** What a stream is about. */
export const SUBJECT = Object.freeze({ CHARTER: "charter", PERSON: "person", STATEMENT: "statement" });

// Who acted: the ledger itself, the person whose stream it is, or the person whom a member names.
const ledger = () => null;
const owner = ({ stream }) => stream;
const named = (member) => ({ body }) => body[member];

// Where the signature is: the member with the JWS, and how to parse it.
const byAct = { jws: "act", parse: parseAct };
const byApproval = { jws: "jws", parse: parseApproval };
const unsigned = { jws: null, parse: null };

const noNames = () => [];
const roleName = ({ body, stream }) => `role/${body.role}/${stream}`;

const assertion = struct({
  credentialId: text,
  clientDataJSON: text,
  authenticatorData: text,
  signature: text,
});
const registration = struct({ clientDataJSON: text, attestationObject: text });
const decided = { signer: text, kid: text, roles: listOf(text), status: text };
const confirmed = { assertion: optional(assertion), signCount: optional(integer) };

// By tag: the members of the body, the subject of the stream, who acted, the signature, and the names
// that the event takes for ever.
const DECLARED = forEveryTag({
  [TAG.LEDGER_CREATED]: {
    members: {
      ledger: text,
      origin: text,
      rpId: text,
      registration: text,
      key: publicJwk,
      act: text,
      setupSha256: optional(text),
    },
    subject: SUBJECT.CHARTER,
    actor: ledger,
    signed: byAct,
    claims: noNames,
  },
  [TAG.INVITATION_ISSUED]: {
    members: {
      invitationId: text,
      role: text,
      tokenSha256: text,
      expiresAt: text,
      by: text,
      kid: text,
      act: text,
    },
    subject: SUBJECT.CHARTER,
    actor: named("by"),
    signed: byAct,
    claims: ({ body }) => [`invitation/${body.tokenSha256}`, `invitation/${body.invitationId}`],
  },
  [TAG.LOG_KEYS_ANNOUNCED]: {
    members: { vkeys: listOf(text), firstSize: integer, act: text },
    subject: SUBJECT.CHARTER,
    actor: ledger,
    signed: byAct,
    claims: noNames,
  },
  [TAG.LOG_KEYS_RETIRED]: {
    members: { vkeys: listOf(text), lastSize: integer, act: text },
    subject: SUBJECT.CHARTER,
    actor: ledger,
    signed: byAct,
    claims: noNames,
  },
  [TAG.LOG_FROZEN]: {
    members: { reason: text, act: text },
    subject: SUBJECT.CHARTER,
    actor: ledger,
    signed: byAct,
    claims: () => ["frozen"],
  },
  [TAG.USER_REGISTERED]: {
    members: { user: text, name: text, role: text, invitation: optional(text) },
    subject: SUBJECT.PERSON,
    actor: owner,
    signed: unsigned,
    claims: (event) => {
      const { invitation } = event.body;
      return invitation ? [roleName(event), `used/${invitation}`] : [roleName(event)];
    },
  },
  [TAG.PASSKEY_ADDED]: {
    members: {
      credentialId: text,
      publicKey: text,
      algorithm: integer,
      signCount: integer,
      aaguid: text,
      backedUp: flag,
      transports: listOf(text),
      challenge: text,
      registration,
      kid: optional(text),
      act: optional(text),
    },
    subject: SUBJECT.PERSON,
    actor: owner,
    signed: byAct, // except at registration, where `act` is null
    claims: ({ body }) => [`credential/${body.credentialId}`],
  },
  [TAG.PASSKEY_REMOVED]: {
    members: { credentialId: text, by: text, kid: text, act: text },
    subject: SUBJECT.PERSON,
    actor: named("by"),
    signed: byAct,
    claims: noNames,
  },
  [TAG.KEY_ATTESTED]: {
    members: {
      kid: text,
      jwk: publicJwk,
      nonce: text,
      assertion,
      signCount: integer,
      possession: text,
      expiresAt: optional(text),
    },
    subject: SUBJECT.PERSON,
    actor: owner,
    signed: unsigned, // its proofs, of the passkey and of the new key, are check 4's
    claims: ({ body }) => [`kid/${body.kid}`],
  },
  [TAG.KEY_REVOKED]: {
    members: { kid: text, by: text, byKid: text, act: text, compromisedSince: optional(text) },
    subject: SUBJECT.PERSON,
    actor: named("by"),
    signed: byAct,
    claims: noNames,
  },
  [TAG.ROLE_GRANTED]: {
    members: { user: text, role: text, by: text, kid: text, act: text },
    subject: SUBJECT.PERSON,
    actor: named("by"),
    signed: byAct,
    claims: (event) => [roleName(event)],
  },
  [TAG.STATEMENT_DRAFTED]: {
    members: { document: text, creator: text, kid: text, act: text },
    subject: SUBJECT.STATEMENT,
    actor: named("creator"),
    signed: byAct,
    claims: noNames,
  },
  [TAG.STATEMENT_SIGNED]: {
    members: { ...decided, form: text, jws: text, ...confirmed },
    subject: SUBJECT.STATEMENT,
    actor: named("signer"),
    signed: byApproval,
    claims: noNames,
  },
  [TAG.STATEMENT_REJECTED]: {
    members: { ...decided, reason: text, act: text, ...confirmed },
    subject: SUBJECT.STATEMENT,
    actor: named("signer"),
    signed: byAct,
    claims: noNames,
  },
  [TAG.STATEMENT_WITHDRAWN]: {
    members: { signer: text, kid: text, act: text, reason: optional(text) },
    subject: SUBJECT.STATEMENT,
    actor: named("signer"),
    signed: byAct,
    claims: noNames,
  },
});
const SHAPES = new Map(Object.entries(DECLARED).map(([tag, { members }]) => [tag, struct(members)]));

/** Return the table; throw unless it has exactly one row for every tag. */
export function forEveryTag(table) {
  return requireRows(table, Object.values(TAG));
}

/** Return the table; throw unless it has exactly one row for every tag of this subject. */
export function forEveryTagOf(subject, table) {
  return requireRows(table, Object.values(TAG).filter((tag) => DECLARED[tag].subject === subject));
}

function requireRows(table, tags) {
  const missing = tags.filter((tag) => !Object.hasOwn(table, tag));
  const strange = Object.keys(table).filter((tag) => !tags.includes(tag));
  if (missing.length || strange.length) {
    throw new Error(`a table of events lacks ${missing.join()} or has ${strange.join()}`);
  }
  return Object.freeze(table);
}

function declared(type) {
  if (!Object.hasOwn(DECLARED, type)) throw new Unknown("event_unknown", `no event type ${type}`);
  return DECLARED[type];
}

/** Return what the stream of an event of this type is about. */
export const subjectOf = (type) => declared(type).subject;

/** Return the user who acted, as the event says; null where the ledger itself acted. */
export const actorOf = (event) => declared(event.type).actor(event);

/** Return the JWS that is the evidence of an event, empty for an event without one. */
export function signatureOf({ type, body }) {
  const { jws } = declared(type).signed;
  return (jws && body[jws]) || "";
}

/** Return the unverified signature of a signed event. */
export function parseSignature(event) {
  return declared(event.type).signed.parse(signatureOf(event));
}

/** Return the names that an event takes; a second event that takes one of them is impossible. */
export const claims = (event) => declared(event.type).claims(event);

/** Return the event of an entry and its salted body; absent members are null. */
export function decodeEvent({ type, at, stream, version }, position, salted) {
  declared(type);
  const detail = `a stored ${type} is malformed`;
  const decoded = parseBody(salted.subarray(SALT_BYTES));
  const body = read(SHAPES.get(type), decoded, "event_malformed", detail);
  return { position, type, at, stream, version, body };
}

/** Return the value of a stored body: JSON whose numbers are all whole. */
function parseBody(bytes) {
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
