// Mirrors ledger.domain.events.of_people and of_standing: the events of a person's stream.

import { ed25519Jwk, publicJwk } from "../jose/keys.js";
import { flag, integer, listOf, nullable, oneOf, optional, struct, text } from "../shapes.js";
import { HOME, OPERATOR, SERVICE_ACTS } from "./vocabulary.js";

/** The tags of a person's stream. */
export const PEOPLE_TAG = Object.freeze({
  USER_REGISTERED: "user-registered.v1",
  USER_NAMED: "user-named.v1",
  PASSKEY_ADDED: "passkey-added.v1",
  PASSKEY_REMOVED: "passkey-removed.v1",
  KEY_ATTESTED: "key-attested.v1",
  KEY_REVOKED: "key-revoked.v1",
  KEY_REAFFIRMED: "key-reaffirmed.v1",
  SERVICE_ACCOUNT_ADDED: "service-account-added.v1",
  SERVICE_ACCOUNT_ENDED: "service-account-ended.v1",
  PERSON_SUSPENDED: "person-suspended.v1",
  COMPROMISE_DECLARED: "compromise-declared.v1",
  RECOVERY_CODES_SET: "recovery-codes-set.v1",
  RECOVERY_CANCELLED: "recovery-cancelled.v1",
  GOVERNANCE_ACCEPTED: "governance-accepted.v1",
});
const TAG = PEOPLE_TAG;
const PERSON = "person";

/** The names of the public keys that an event brings, by their thumbprints. */
export const MATERIAL = "key-material/{keyMaterial}";
/** The name of an act, by the SHA-256 of its signing input. */
export const ACT_NAME = "act/{actSha256}";
/** The name of a use of a statement: its number, and how many uses have taken that number. */
export const USE_NAME = "use/{stream}/{number}/{generation}";

export const assertion = struct({
  credentialId: text,
  clientDataJSON: text,
  authenticatorData: text,
  signature: text,
});
const registration = struct({ clientDataJSON: text, attestationObject: text });
/** Tell whether an event brings a signing key of a person, also one of a service account. */
export const addsKey = ({ type }) => type === TAG.KEY_ATTESTED || type === TAG.SERVICE_ACCOUNT_ADDED;

export const confirmed = { assertion: optional(assertion), signCount: optional(integer) };

/** By tag, what the Python classes declare; `DECLARED` in events.js says what each member is. */
export const OF_PEOPLE = {
  [TAG.USER_REGISTERED]: {
    members: {
      user: text,
      role: optional(text),
      invitation: optional(text),
      accepts: optional(text),
      admittedBy: optional(oneOf(OPERATOR)),
    },
    stream: PERSON,
    actor: "owner",
    evidence: [],
    dependsOn: [],
    claims: ["used/{invitation}"],
  },
  [TAG.USER_NAMED]: {
    members: { name: text, nameSkeletons: listOf(text), unicode: text },
    stream: PERSON,
    actor: "owner",
    evidence: [],
    dependsOn: [],
    claims: ["name/{nameSkeletons}"],
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
      nonce: text,
      registration,
      kid: optional(text),
      act: optional(text),
      redeem: optional(text),
      assertion: optional(assertion),
      confirmation: optional(assertion),
      confirmationSignCount: optional(integer),
      activeFrom: optional(text),
      reEnrols: flag,
      needsAdmission: flag,
    },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "registration", "redeem", "assertion", "confirmation"],
    dependsOn: [],
    claims: ["credential/{credentialId}", MATERIAL, ACT_NAME],
  },
  [TAG.PASSKEY_REMOVED]: {
    members: { credentialId: text, kid: text, act: text, assertion, signCount: integer },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "assertion"],
    dependsOn: [],
    claims: [ACT_NAME],
  },
  [TAG.KEY_ATTESTED]: {
    members: {
      kid: text,
      jwk: publicJwk,
      nonce: text,
      home: oneOf(...Object.values(HOME)),
      assertion,
      signCount: integer,
      possession: text,
      expiresAt: optional(text),
    },
    stream: PERSON,
    actor: "owner",
    evidence: ["assertion", "possession"],
    dependsOn: [],
    claims: [MATERIAL, "kid/{kid}"],
  },
  [TAG.KEY_REVOKED]: {
    members: { kid: text, byKid: text, act: text, compromisedSince: optional(text), ...confirmed },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "assertion"],
    dependsOn: [],
    claims: [ACT_NAME],
  },
  [TAG.KEY_REAFFIRMED]: {
    members: { kid: text, byKid: text, act: text, assertion, signCount: integer },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "assertion"],
    dependsOn: [],
    claims: [ACT_NAME],
  },
  [TAG.SERVICE_ACCOUNT_ADDED]: {
    members: {
      kid: text,
      jwk: publicJwk,
      nonce: text,
      name: text,
      acts: listOf(oneOf(...SERVICE_ACTS)),
      types: listOf(text),
      untyped: flag,
      expiresAt: text,
      assertion,
      signCount: integer,
      possession: text,
    },
    stream: PERSON,
    actor: "owner",
    evidence: ["assertion", "possession"],
    dependsOn: [],
    claims: [MATERIAL, "kid/{kid}"],
  },
  [TAG.SERVICE_ACCOUNT_ENDED]: {
    members: {
      user: text,
      account: text,
      by: text,
      kid: text,
      act: text,
      assertion,
      signCount: integer,
    },
    stream: PERSON,
    actor: "by",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [ACT_NAME],
  },
  [TAG.PERSON_SUSPENDED]: {
    members: {
      user: text,
      reason: text,
      by: text,
      kid: text,
      act: text,
      assertion,
      signCount: integer,
    },
    stream: PERSON,
    actor: "by",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [ACT_NAME],
  },
  [TAG.COMPROMISE_DECLARED]: {
    members: {
      compromised: text,
      since: text,
      also: listOf(text),
      kid: text,
      act: text,
      assertion,
      signCount: integer,
    },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "assertion"],
    dependsOn: [],
    claims: [ACT_NAME],
  },
  [TAG.RECOVERY_CODES_SET]: {
    members: { keys: listOf(ed25519Jwk), kid: text, act: text, assertion, signCount: integer },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "assertion"],
    dependsOn: [],
    claims: [MATERIAL, ACT_NAME],
  },
  [TAG.RECOVERY_CANCELLED]: {
    members: {
      user: text,
      recovery: text,
      by: text,
      kid: text,
      act: text,
      assertion,
      signCount: integer,
    },
    stream: PERSON,
    actor: "by",
    evidence: ["act", "assertion"],
    dependsOn: ["actor"],
    claims: [ACT_NAME],
  },
  [TAG.GOVERNANCE_ACCEPTED]: {
    members: {
      policySha256: text,
      change: nullable(text),
      kid: text,
      act: text,
      assertion,
      signCount: integer,
    },
    stream: PERSON,
    actor: "owner",
    evidence: ["act", "assertion"],
    dependsOn: [],
    claims: [ACT_NAME],
  },
};
