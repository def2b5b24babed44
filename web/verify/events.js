// Every event's body: its tag, its members, and the names that it takes for ever.

import { SALT_BYTES } from "./entries.js";
import { Unknown } from "./fault.js";
import { publicJwk } from "./keys.js";
import { flag, integer, listOf, oneOf, optional, parseBody, read, struct, text } from "./shapes.js";

const assertion = struct({
  credentialId: text,
  clientDataJSON: text,
  authenticatorData: text,
  signature: text,
});
const registration = struct({ clientDataJSON: text, attestationObject: text });
const status = oneOf("pending", "approved", "rejected", "withdrawn", "expired");
const decided = { signer: text, kid: text, roles: listOf(text), status };
const confirmed = { assertion: optional(assertion), signCount: optional(integer) };

const BODIES = {
  "ledger-created.v1": {
    ledger: text,
    origin: text,
    rpId: text,
    registration: oneOf("open", "invite"),
    key: publicJwk,
    act: text,
    setupSha256: optional(text),
  },
  "invitation-issued.v1": {
    invitationId: text,
    role: text,
    tokenSha256: text,
    expiresAt: text,
    by: text,
    kid: text,
    act: text,
  },
  "log-keys-announced.v1": { vkeys: listOf(text), firstSize: integer, act: text },
  "log-keys-retired.v1": { vkeys: listOf(text), lastSize: integer, act: text },
  "log-frozen.v1": { reason: text, act: text },
  "user-registered.v1": { user: text, name: text, role: text, invitation: optional(text) },
  "passkey-added.v1": {
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
  "passkey-removed.v1": { credentialId: text, by: text, kid: text, act: text },
  "key-attested.v1": {
    kid: text,
    jwk: publicJwk,
    nonce: text,
    assertion,
    signCount: integer,
    possession: text,
    expiresAt: optional(text),
  },
  "key-revoked.v1": {
    kid: text,
    by: text,
    byKid: text,
    act: text,
    compromisedSince: optional(text),
  },
  "role-granted.v1": { user: text, role: text, by: text, kid: text, act: text },
  "statement-drafted.v1": { document: text, creator: text, kid: text, act: text },
  "statement-signed.v1": { ...decided, form: oneOf("shared", "individual"), jws: text, ...confirmed },
  "statement-rejected.v1": { ...decided, reason: text, act: text, ...confirmed },
  "statement-withdrawn.v1": { signer: text, kid: text, act: text, reason: optional(text) },
};
const SHAPES = Object.fromEntries(
  Object.entries(BODIES).map(([tag, members]) => [tag, struct(members)]),
);

/** Return the event of an entry and its body behind its salt; absent members are null. */
export function decodeEvent({ type, at, stream, version }, position, salted) {
  if (!Object.hasOwn(SHAPES, type)) throw new Unknown("event_unknown", `no event type ${type}`);
  const detail = `a stored ${type} is malformed`;
  const body = read(SHAPES[type], parseBody(salted.subarray(SALT_BYTES)), "event_malformed", detail);
  return { position, type, at, stream, version, body };
}

/** Return the names that an event takes; a second event that takes one is impossible. */
export function claims({ type, body, stream }) {
  switch (type) {
    case "user-registered.v1":
      return [`role/${body.role}/${stream}`, ...(body.invitation ? [`used/${body.invitation}`] : [])];
    case "role-granted.v1":
      return [`role/${body.role}/${stream}`];
    case "passkey-added.v1":
      return [`credential/${body.credentialId}`];
    case "key-attested.v1":
      return [`kid/${body.kid}`];
    case "invitation-issued.v1":
      return [`invitation/${body.tokenSha256}`, `invitation/${body.invitationId}`];
    case "log-frozen.v1":
      return ["frozen"];
    default:
      return [];
  }
}
