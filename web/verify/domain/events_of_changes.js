// Mirrors ledger.domain.events.of_changes: what changes do to the ledger, to people and to
// statements.

import { ed25519Jwk } from "../jose/keys.js";
import { integer, listOf, nullable, oneOf, either, optional, struct, text } from "../shapes.js";
import { charterValues } from "./charter_values.js";
import { MATERIAL } from "./events_of_people.js";
import { MAX_NESTED } from "./policy.js";
import { STANDING, STATUS, TYPE_PENDING } from "./vocabulary.js";

/** The tags of the effects of changes. */
export const EFFECT_TAG = Object.freeze({
  INVITATION_ISSUED: "invitation-issued.v1",
  INVITATION_CANCELLED: "invitation-cancelled.v1",
  ROLE_DEFINED: "role-defined.v1",
  ROLE_CLOSED: "role-closed.v1",
  CHARTER_SET: "charter-set.v1",
  TYPE_DEFINED: "type-defined.v1",
  TYPE_RETIRED: "type-retired.v1",
  GOVERNANCE_SET: "governance-set.v1",
  HOLD_PLACED: "hold-placed.v1",
  HOLD_RELEASED: "hold-released.v1",
  ROLE_GRANTED: "role-granted.v1",
  ROLE_ENDED: "role-ended.v1",
  STANDING_SET: "standing-set.v1",
  RE_ENROLMENT_OPENED: "re-enrolment-opened.v1",
  PASSKEY_ADMITTED: "passkey-admitted.v1",
  COMPROMISE_SET: "compromise-set.v1",
  NAME_ERASED: "name-erased.v1",
  STATEMENT_WITHDRAWN_BY_CHANGE: "statement-withdrawn-by-change.v1",
  BODIES_ERASED: "bodies-erased.v1",
});
const TAG = EFFECT_TAG;

// A policy's node, with at most so many levels of nodes in it.
const node = (levels) => {
  const member = levels ? either(text, (value) => node(levels - 1)(value)) : text;
  return struct({ threshold: integer, of: listOf(member) });
};
const pendingWord = oneOf(...Object.values(TYPE_PENDING));
const heldKind = oneOf("statement", "name");
// Nobody signs an effect: it names the change.
const effect = (stream, members, claims = [], dependsOn = []) => ({
  members: { change: text, ...members },
  stream,
  actor: "change",
  evidence: [],
  dependsOn,
  claims,
});
const ofLedger = (members, claims) => effect("ledger", members, claims);
const ofPerson = (members, claims) => effect("person", members, claims);

/** By tag, what its events say; as in events.js. */
export const OF_CHANGES = {
  [TAG.INVITATION_ISSUED]: ofLedger(
    { invitation: text, role: text, key: ed25519Jwk, expiresAt: text },
    [MATERIAL, "invitation/{invitation}"],
  ),
  [TAG.INVITATION_CANCELLED]: ofLedger({ invitation: text }, ["used/{invitation}"]),
  [TAG.ROLE_DEFINED]: ofLedger({ role: text }),
  [TAG.ROLE_CLOSED]: ofLedger({ role: text }),
  [TAG.CHARTER_SET]: ofLedger({ values: charterValues }),
  [TAG.TYPE_DEFINED]: ofLedger({ name: text, definition: text, pending: nullable(pendingWord) }),
  [TAG.TYPE_RETIRED]: ofLedger({ name: text, pending: pendingWord }),
  [TAG.GOVERNANCE_SET]: ofLedger({ policy: node(MAX_NESTED) }),
  [TAG.HOLD_PLACED]: ofLedger({ kind: heldKind, held: text }),
  [TAG.HOLD_RELEASED]: ofLedger({ kind: heldKind, held: text }),
  [TAG.ROLE_GRANTED]: ofPerson({ role: text }),
  [TAG.ROLE_ENDED]: ofPerson({ role: text }),
  [TAG.STANDING_SET]: ofPerson({ standing: oneOf(...Object.values(STANDING)) }),
  [TAG.RE_ENROLMENT_OPENED]: ofPerson({ key: ed25519Jwk, expiresAt: text }, [MATERIAL]),
  [TAG.PASSKEY_ADMITTED]: ofPerson({ credentialId: text }),
  [TAG.COMPROMISE_SET]: ofPerson({ compromised: text, since: text, also: listOf(text) }),
  [TAG.NAME_ERASED]: effect("person", { positions: listOf(integer) }, [], ["change"]),
  [TAG.STATEMENT_WITHDRAWN_BY_CHANGE]: effect("statement", {}, [], ["change"]),
  [TAG.BODIES_ERASED]: effect(
    "statement",
    { positions: listOf(integer), status: oneOf(...Object.values(STATUS)), successor: optional(text) },
    [],
    ["change"],
  ),
};
