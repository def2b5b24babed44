// Mirrors ledger.domain.acts: the acts that people and the ledger sign.

import { isFresh } from "../clock.js";
import { refuse } from "../errors.js";
import { parseCompact, readPayload, verifyCompact } from "../jose/compact.js";
import { either, integer, listOf, nullable, oneOf, optional, struct, text } from "../shapes.js";

const ACT_TYP = "act+jwt";

/** The kinds of act that events carry. */
export const ACT = Object.freeze({
  DRAFT: "draft",
  REJECT: "reject",
  WITHDRAW: "withdraw",
  REVOKE_KEY: "revoke-key",
  ADD_PASSKEY: "add-passkey",
  REMOVE_PASSKEY: "remove-passkey",
  INVITE: "invite",
  GRANT_ROLE: "grant-role",
  CREATE_LEDGER: "create-ledger",
  ANNOUNCE_LOG_KEYS: "announce-log-keys",
  RETIRE_LOG_KEYS: "retire-log-keys",
  RESTORE: "restore",
  FREEZE_LEDGER: "freeze-ledger",
});

/** The tree that a restore keeps, and what it says of the one that was lost. */
export const KEPT = struct({ size: integer, root: text });
export const LOST = nullable(either(struct({ size: integer, checkpoint: nullable(text) }), oneOf("unknown")));

const about = { statementId: text, sha256: text };
const MEMBERS = {
  [ACT.DRAFT]: about,
  [ACT.REJECT]: { ...about, reason: text },
  [ACT.WITHDRAW]: { ...about, reason: optional(text) },
  [ACT.REVOKE_KEY]: { kid: text, compromisedSince: optional(text), reason: optional(text) },
  [ACT.ADD_PASSKEY]: { cose: text, user: text },
  [ACT.REMOVE_PASSKEY]: { credentialId: text },
  [ACT.INVITE]: { invitationId: text, role: text, tokenSha256: text, expiresAt: text },
  [ACT.GRANT_ROLE]: { user: text, role: text },
  [ACT.CREATE_LEDGER]: { origin: text, rpId: text, registration: text, setupSha256: nullable(text) },
  [ACT.ANNOUNCE_LOG_KEYS]: { vkeys: listOf(text), firstSize: integer },
  [ACT.RETIRE_LOG_KEYS]: { vkeys: listOf(text), lastSize: integer },
  [ACT.RESTORE]: {
    epoch: integer,
    kept: KEPT,
    lost: LOST,
    origin: text,
    vkeys: listOf(text),
    reason: text,
  },
  [ACT.FREEZE_LEDGER]: { reason: text },
};

/** Return an unverified act's JWS. */
export function parseAct(source) {
  const jws = parseCompact(source);
  if (jws.header.typ !== ACT_TYP || jws.header.iat !== null) {
    refuse("jws_typ_mismatch", `an act's header must be alg, kid and typ ${ACT_TYP}`);
  }
  return jws;
}

/** Verify an act's signature and return its payload; refuse an act of another kind. */
export async function verifyAct(jws, jwk, kind, { ledger, nowMs }) {
  await verifyCompact(jws, jwk);
  const shape = struct({ act: oneOf(kind), iat: integer, ledger: text, ...MEMBERS[kind] });
  const act = readPayload(jws, shape, "act_mismatch", "not the act that is expected");
  if (act.ledger !== ledger) refuse("ledger_mismatch", "signed for another ledger");
  if (!isFresh(act.iat * 1000, nowMs)) {
    refuse("iat_stale", "the signed time differs from the server's by over five minutes");
  }
  return act;
}
