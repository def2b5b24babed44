// Mirrors ledger.domain.signing_keys: the attestation, the revocation and the reaffirmation of a
// person's signing key.

import { toMs } from "../clock.js";
import { equal, fromBase64Url } from "../encoding.js";
import { refuse } from "../errors.js";
import { parseCompact, verifyCompact } from "../jose/compact.js";
import { importJwk, requirePrimeOrder, thumbprint } from "../jose/keys.js";
import { ACT, parseAct, stated } from "./acts.js";
import { attestationChallenge } from "./challenges.js";
import { lostEpochOf } from "./charter.js";
import { requireHome } from "./charter_values.js";
import { requireOwnDate } from "./compromise.js";
import { requireNoPasskey } from "./key_material.js";
import { verifyAssertion } from "./passkey.js";
import { activeKey, activePasskey, signedBy } from "./person.js";
import { requireMayEndKeys, requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";
import { HOME } from "./vocabulary.js";

const POSSESSION_TYP = "key-possession+jws";
const MAX_SESSION_KEY_MS = 12 * 60 * 60 * 1000;

/** Return the attestation of a signing key with a home that the charter allows. */
export async function decideAllowedAttestation(owner, body, context) {
  const attested = await decideAttestation(owner, body, context);
  requireHome(context.charter.values, attested.home);
  return attested;
}

/** Return the attestation of a signing key by one of its owner's passkeys, with any home. */
export async function decideAttestation(owner, body, { ledger, party, nowMs }) {
  const { jwk, nonce, home, assertion, possession, expiresAt } = body;
  // 1. The key is strong; its kid is computed here.
  await importJwk(jwk);
  requirePrimeOrder(jwk);
  const kid = await requireNewKey(owner, jwk);
  requireStanding(owner);
  // 2. The passkey signed exactly this key, home, end, person, ledger and one-time nonce.
  requireEnd(home, expiresAt, nowMs);
  const about = { expiresAt, home, kid, ledger, nonce, user: owner.user };
  const challenge = await attestationChallenge(about);
  const passkey = activePasskey(owner, assertion.credentialId, nowMs);
  const signCount = await verifyAssertion(assertion, { challenge, passkey, party });
  // 3. The key signs the same challenge.
  await verifyPossession(possession, jwk, challenge);
  return { kid, jwk, nonce, home, assertion, signCount, possession, expiresAt };
}

/** Return the kid of a key that is new to its person. */
export async function requireNewKey(owner, jwk) {
  const kid = await thumbprint(jwk);
  if (owner.keys.has(kid)) refuse("key_known", "this public key is already in the ledger");
  await requireNoPasskey(kid, owner.passkeys.values());
  return kid;
}

function requireEnd(home, expiresAt, nowMs) {
  const endMs = expiresAt === null ? Infinity : toMs(expiresAt);
  if (endMs <= nowMs) refuse("time_invalid", "a new key must expire in the future");
  if (home === HOME.SESSION && endMs > nowMs + MAX_SESSION_KEY_MS) {
    refuse("home_invalid", "a key of this session must end within 12 hours");
  }
}

/** Verify that a new key signed its challenge. */
export async function verifyPossession(source, jwk, challenge) {
  const jws = parseCompact(source);
  if (jws.header.typ !== POSSESSION_TYP || jws.header.iat !== null) {
    refuse("possession_refused", `the proof's header must be alg, kid and typ ${POSSESSION_TYP}`);
  }
  if (!equal(fromBase64Url(jws.payload), challenge)) {
    refuse("possession_refused", "the proof signs another challenge");
  }
  await verifyCompact(jws, jwk);
}

/** Return the end of a key by its owner: alone with the key itself, else with a passkey. */
export async function decideRevocation(owner, { kid, act, assertion }, context) {
  const about = { ...context, about: { kid }, itself: kid };
  const { key, signed } = await signedBy(owner, act, ACT.REVOKE_KEY, about);
  const ended = owner.keys.get(kid);
  if (!ended) refuse("key_unknown", "no such signing key of this person");
  if (ended.revoked) refuse("key_revoked", "this key is already revoked");
  const { compromisedSince } = signed;
  (compromisedSince === null ? requireMayEndKeys : requireStanding)(owner);
  const needsPasskey = key.kid !== kid || compromisedSince !== null;
  if (!needsPasskey && assertion !== null) {
    refuse("assertion_unexpected", "a key needs no passkey to end itself");
  }
  const signCount = needsPasskey ? await confirm(owner, act, assertion, context) : null;
  if (compromisedSince !== null) requireOwnDate(ended, compromisedSince, context.nowMs);
  return { kid, byKid: key.kid, act, compromisedSince, assertion, signCount };
}

/** Return the reaffirmation of a key from before the last loss; a passkey confirms it. */
export async function decideReaffirmation(owner, { act, assertion }, context) {
  const said = stated(parseAct(act));
  if (said.act !== ACT.REAFFIRM_KEY) refuse("act_mismatch", "not the act that is expected");
  const about = { ...context, about: { epoch: lostEpochOf(context.charter) }, itself: said.kid };
  const { key } = await signedBy(owner, act, ACT.REAFFIRM_KEY, about);
  const { kid, unaffirmed } = activeKey(owner, said.kid, context.nowMs, { unaffirmed: true, act: ACT.REAFFIRM_KEY });
  requireStanding(owner);
  if (!unaffirmed) refuse("key_reaffirmed", "this key signs already");
  const signCount = await confirm(owner, act, assertion, context);
  return { kid, byKid: key.kid, act, assertion, signCount };
}
