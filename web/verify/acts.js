// What people and the ledger sign: acts, and approvals in either form.

import { bytesOf, sha256Hex } from "../static/js/lib/digest.js";
import { fromBase64Url, length } from "./bytes.js";
import { isFresh } from "./clock.js";
import { parseCompact, verifyCompact } from "./compact.js";
import { Refusal, refuse } from "./fault.js";
import { integer, listOf, nullable, oneOf, optional, parseJson, read, struct, text } from "./shapes.js";

const ACT_TYP = "act+jwt";
const APPROVAL_TYP = "JWT";
const MAX_JTI_CHARS = 128;

const about = { statementId: text, sha256: text };
const ACTS = {
  draft: about,
  reject: { ...about, reason: text },
  withdraw: { ...about, reason: optional(text) },
  "revoke-key": { kid: text, compromisedSince: optional(text), reason: optional(text) },
  "add-passkey": { credentialId: text },
  "remove-passkey": { credentialId: text },
  invite: { invitationId: text, role: text, tokenSha256: text, expiresAt: text },
  "grant-role": { user: text, role: text },
  "create-ledger": { origin: text, rpId: text, registration: text, setupSha256: nullable(text) },
  "announce-log-keys": { vkeys: listOf(text), firstSize: integer },
  "retire-log-keys": { vkeys: listOf(text), lastSize: integer },
  "freeze-ledger": { reason: text },
};
const INDIVIDUAL = struct({
  statementId: text,
  content: text,
  signer: text,
  timestamp: integer,
  iat: optional(integer),
  jti: optional(text),
  ledger: optional(text),
});

/** Return an unverified act's JWS. */
export function parseAct(source) {
  const jws = parseCompact(source);
  if (jws.header.typ !== ACT_TYP || jws.header.iat !== null) {
    refuse("jws_typ_mismatch", `an act's header is alg, kid and typ ${ACT_TYP}`);
  }
  return jws;
}

/** Verify an act's signature, then return its payload as the act that is expected here. */
export async function verifyAct(jws, jwk, kind, { ledger, nowMs }) {
  await verifyCompact(jws, jwk);
  const shape = struct({ act: oneOf(kind), iat: integer, ledger: text, ...ACTS[kind] });
  const act = readPayload(jws, shape, "act_mismatch", "not the act that is expected");
  if (act.ledger !== ledger) refuse("ledger_mismatch", "signed for another ledger");
  if (!isFresh(act.iat * 1000, nowMs)) {
    refuse("iat_stale", "signed more than five minutes from the server's time");
  }
  return act;
}

function readPayload(jws, shape, code, detail) {
  try {
    return read(shape, parseJson(fromBase64Url(jws.payload)), code);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(code, detail);
    throw error;
  }
}

/** Return an unverified approval's JWS. */
export function parseApproval(source) {
  const jws = parseCompact(source);
  if (jws.header.typ !== APPROVAL_TYP) {
    refuse("jws_typ_mismatch", `an approval's typ is ${APPROVAL_TYP}`);
  }
  return jws;
}

/** Verify that an approval is signed by the key, and over this very statement; return its form. */
export async function verifyApproval(jws, jwk, statement, { ledger, signer, nowMs }) {
  await verifyCompact(jws, jwk);
  if ((await sha256Hex(bytesOf(jws.payload))) === statement.payloadSha256) {
    requireFresh(jws.header.iat, nowMs);
    return "shared";
  }
  const payload = readPayload(jws, INDIVIDUAL, "payload_mismatch", "the payload is not this statement");
  await requireIndividual(payload, statement, ledger, signer);
  if (!isFresh(payload.timestamp, nowMs)) {
    refuse("payload_timestamp_stale", "signed over five minutes from the server's clock");
  }
  for (const iat of [payload.iat, jws.header.iat]) if (iat !== null) requireFresh(iat, nowMs);
  return "individual";
}

async function requireIndividual(payload, statement, ledger, signer) {
  if (payload.statementId !== statement.id) {
    refuse("payload_statement_mismatch", "signed for another statement");
  }
  if ((await sha256Hex(payload.content)) !== statement.contentSha256) {
    refuse("payload_content_mismatch", "signed over another content");
  }
  if (payload.signer !== signer) {
    refuse("payload_signer_mismatch", "the payload names another signer");
  }
  if (![null, ledger].includes(payload.ledger)) {
    refuse("payload_ledger_mismatch", "signed for another ledger");
  }
  if (payload.jti !== null && !(payload.jti && length(payload.jti) <= MAX_JTI_CHARS)) {
    refuse("payload_mismatch", "a jti has 1 to 128 characters");
  }
}

function requireFresh(iat, nowMs) {
  if (iat === null || !isFresh(iat * 1000, nowMs)) {
    refuse("iat_stale", "iat is missing, or over five minutes from the server's clock");
  }
}
