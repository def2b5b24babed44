// Mirrors ledger.domain.approval: an approval in either form, over the statement or over a payload
// of the signer's own.

import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { isFresh } from "../clock.js";
import { length } from "../encoding.js";
import { refuse } from "../errors.js";
import { parseCompact, readPayload, verifyCompact } from "../jose/compact.js";
import { integer, optional, struct, text } from "../shapes.js";
import { FORM } from "./vocabulary.js";

const APPROVAL_TYP = "JWT";
const MAX_JTI_CHARS = 128;
const PAYLOAD = struct({
  statementId: text,
  content: text,
  signer: text,
  timestamp: integer,
  iat: optional(integer),
  jti: optional(text),
  ledger: optional(text),
});

/** Return an unverified approval's JWS; only the individual form may leave out `typ`. */
export function parseApproval(source) {
  const jws = parseCompact(source);
  if (![null, APPROVAL_TYP].includes(jws.header.typ)) {
    refuse("jws_typ_mismatch", `an approval's typ must be ${APPROVAL_TYP}`);
  }
  return jws;
}

/** Verify that this key signed the approval, and over this statement; return its form and time. */
export async function verifyApproval(jws, jwk, statement, { ledger, signer, nowMs, freshnessMs }) {
  await verifyCompact(jws, jwk);
  if ((await sha256Hex(bytesOf(jws.payload))) === statement.payloadSha256) {
    if (jws.header.typ === null) {
      refuse("jws_typ_mismatch", `the shared form's typ must be ${APPROVAL_TYP}`);
    }
    requireFresh(jws.header.iat, nowMs, freshnessMs);
    return { form: FORM.SHARED, iat: jws.header.iat };
  }
  const payload = readPayload(jws, PAYLOAD, "payload_mismatch", "the payload is not this statement");
  await requireIndividual(payload, statement, ledger, signer);
  if (!statement.isPlain) {
    refuse("shared_form_required", "the rules of this statement must be signed: sign the document");
  }
  if (!isFresh(payload.timestamp, nowMs)) {
    refuse("payload_timestamp_stale", "signed over five minutes from the server's clock");
  }
  for (const iat of [payload.iat, jws.header.iat]) if (iat !== null) requireFresh(iat, nowMs);
  return { form: FORM.INDIVIDUAL, iat: Math.floor(payload.timestamp / 1000) };
}

async function requireIndividual(payload, statement, ledger, signer) {
  if (payload.statementId !== statement.id) {
    refuse("payload_statement_mismatch", "signed for another statement");
  }
  if ((await sha256Hex(payload.content)) !== statement.contentSha256) {
    refuse("payload_content_mismatch", "signed for different content");
  }
  if (payload.signer !== signer) {
    refuse("payload_signer_mismatch", "the payload names another signer");
  }
  if (![null, ledger].includes(payload.ledger)) {
    refuse("payload_ledger_mismatch", "signed for another ledger");
  }
  if (payload.jti !== null && !(payload.jti && length(payload.jti) <= MAX_JTI_CHARS)) {
    refuse("payload_mismatch", "a jti must have 1 to 128 characters");
  }
}

function requireFresh(iat, nowMs, freshnessMs) {
  if (iat === null || !isFresh(iat * 1000, nowMs, freshnessMs)) {
    refuse("iat_stale", "iat is missing, too long ago, or ahead of the server's clock");
  }
}
