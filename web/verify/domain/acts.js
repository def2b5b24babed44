// Mirrors ledger.domain.acts: the acts that people and the ledger sign.

import { isFresh } from "../clock.js";
import { refuse } from "../errors.js";
import { parseCompact, readPayload, verifyCompact } from "../jose/compact.js";
import { ed25519Jwk } from "../jose/keys.js";
import { either, integer, listOf, mapOf, nullable, oneOf, optional, struct, text, withDefault } from "../shapes.js";
import { USE_OUTCOME } from "./vocabulary.js";

const ACT_TYP = "act+jwt";
/** The `typ` of the JWS that redeems a link's secret. */
export const REDEEM_TYP = "redeem+jwt";

/** What the key of a link or code signs for. */
export const PURPOSE = Object.freeze({
  INVITATION: "invitation",
  RECOVERY: "recovery",
  RE_ENROLMENT: "re-enrolment",
});

/** The kinds of act. */
export const ACT = Object.freeze({
  DRAFT: "draft",
  REJECT: "reject",
  RETRACT: "retract",
  WITHDRAW: "withdraw",
  USE: "use",
  OUTCOME: "outcome",
  REVOKE_KEY: "revoke-key",
  REAFFIRM_KEY: "reaffirm-key",
  DECLARE_COMPROMISE: "declare-compromise",
  END_SERVICE_ACCOUNT: "end-service-account",
  SUSPEND: "suspend",
  REDEEM: "redeem",
  ACCEPT_GOVERNANCE: "accept-governance",
  SET_RECOVERY_CODES: "set-recovery-codes",
  CANCEL_RECOVERY: "cancel-recovery",
  CANCEL_OPERATOR_INVITATIONS: "cancel-operator-invitations",
  ADD_PASSKEY: "add-passkey",
  REMOVE_PASSKEY: "remove-passkey",
  CREATE_LEDGER: "create-ledger",
  ANNOUNCE_LOG_KEYS: "announce-log-keys",
  RETIRE_LOG_KEYS: "retire-log-keys",
  REPLACE_HEADS_KEY: "replace-heads-key",
  RESTORE: "restore",
  RECOVER_GOVERNANCE: "recover-governance",
  FREEZE_LEDGER: "freeze-ledger",
  HEADS: "heads",
});

/** The tree that a restore keeps, and what it says of the one that was lost. */
export const KEPT = struct({ size: integer, root: text });
export const LOST = nullable(either(struct({ size: integer, checkpoint: nullable(text) }), oneOf("unknown")));

/** One invitation of a recovery by the operator. */
export const OPERATOR_LINK = struct({ id: text, role: text, key: ed25519Jwk });

const statement = { statementId: text, sha256: text };
const MEMBERS = {
  [ACT.DRAFT]: statement,
  [ACT.REJECT]: { ...statement, reason: text },
  [ACT.RETRACT]: { ...statement, reason: optional(text) },
  [ACT.WITHDRAW]: { ...statement, reason: optional(text) },
  [ACT.USE]: { ...statement, nonce: text, reference: optional(text) },
  [ACT.OUTCOME]: {
    ...statement,
    number: integer,
    generation: integer,
    outcome: oneOf(...Object.values(USE_OUTCOME)),
    reason: optional(text),
  },
  [ACT.REVOKE_KEY]: { kid: text, compromisedSince: optional(text), reason: optional(text) },
  [ACT.REAFFIRM_KEY]: { kid: text, epoch: integer },
  [ACT.DECLARE_COMPROMISE]: {
    since: text,
    kid: optional(text),
    passkey: optional(text),
    also: withDefault(listOf(text), []),
  },
  [ACT.END_SERVICE_ACCOUNT]: { account: text, user: text },
  [ACT.SUSPEND]: { user: text, reason: text },
  [ACT.REDEEM]: {
    cose: text,
    purpose: oneOf(...Object.values(PURPOSE)),
    user: text,
    accepts: optional(text),
  },
  [ACT.ACCEPT_GOVERNANCE]: { policySha256: text, change: optional(text) },
  [ACT.SET_RECOVERY_CODES]: { keys: listOf(ed25519Jwk) },
  [ACT.CANCEL_RECOVERY]: { recovery: text, user: text },
  [ACT.CANCEL_OPERATOR_INVITATIONS]: { recovery: text },
  [ACT.ADD_PASSKEY]: { cose: text, user: text },
  [ACT.REMOVE_PASSKEY]: { credentialId: text },
  [ACT.CREATE_LEDGER]: { origin: text, rpId: text, registration: text, setup: ed25519Jwk, heads: ed25519Jwk },
  [ACT.ANNOUNCE_LOG_KEYS]: { vkeys: listOf(text), firstSize: integer },
  [ACT.RETIRE_LOG_KEYS]: { vkeys: listOf(text), lastSize: integer },
  [ACT.REPLACE_HEADS_KEY]: { heads: ed25519Jwk },
  [ACT.RESTORE]: {
    epoch: integer,
    kept: KEPT,
    lost: LOST,
    origin: text,
    vkeys: listOf(text),
    reason: text,
  },
  [ACT.RECOVER_GOVERNANCE]: {
    recovery: text,
    lost: listOf(text),
    invitations: listOf(OPERATOR_LINK),
    reason: text,
  },
  [ACT.FREEZE_LEDGER]: { reason: text },
  [ACT.HEADS]: { heads: mapOf(integer), nonce: nullable(text), root: text, size: integer },
};

const SHAPES = Object.entries(MEMBERS).map(([kind, members]) =>
  struct({ act: oneOf(kind), iat: integer, ledger: text, ...members }),
);
const ANY = either(...SHAPES);

/** Return an unverified act's JWS; refuse a payload that is no act at all. */
export function parseAct(source, typ = ACT_TYP) {
  const jws = parseCompact(source);
  if (jws.header.typ !== typ || jws.header.iat !== null) {
    refuse("jws_typ_mismatch", `an act's header must be alg, kid and typ ${typ}`);
  }
  stated(jws);
  return jws;
}

/** Return what an act says before anybody verified it. */
export function stated(jws) {
  const act = readPayload(jws, ANY, "act_mismatch", "not an act");
  if (act.act === ACT.DECLARE_COMPROMISE && (act.kid === null) === (act.passkey === null)) {
    refuse("act_mismatch", "a declaration names a kid or a passkey");
  }
  return act;
}

/**
 * Verify an act's signature and return its payload; refuse an act of another kind.
 *
 * `about` are the members that say what the act is about, and the values that they must have.
 */
export async function verifyAct(jws, jwk, kind, { ledger, nowMs, about = {}, freshnessMs }) {
  await verifyCompact(jws, jwk);
  const act = stated(jws);
  if (act.act !== kind) refuse("act_mismatch", "not the act that is expected");
  for (const [name, expected] of Object.entries(about)) {
    if (act[name] !== expected) refuse("act_mismatch", "the act is about something else");
  }
  if (act.ledger !== ledger) refuse("ledger_mismatch", "signed for another ledger");
  if (!isFresh(act.iat * 1000, nowMs, freshnessMs)) {
    refuse("iat_stale", "the signed time is too long ago, or ahead of the server's clock");
  }
  return act;
}
