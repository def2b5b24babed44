// A person: passkeys, signing keys, roles. Every decision made again from its evidence, and folded.

import { parseAct, verifyAct } from "./acts.js";
import { equal, fromBase64Url, length, strip } from "./bytes.js";
import { toMs } from "./clock.js";
import { parseCompact, verifyCompact } from "./compact.js";
import { refuse } from "./fault.js";
import { importJwk, requirePrimeOrder, thumbprint } from "./keys.js";
import { attestationChallenge, verifyAssertion, verifyRegistration } from "./passkey.js";
import { ROLES } from "./rules.js";

const MAX_NAME_CHARS = 100;
const POSSESSION_TYP = "key-possession+jws";

/** Return the person after one more event of their stream. */
export function evolvePerson(person, { type, version, body }) {
  if (type === "user-registered.v1") {
    const { user, name, role } = body;
    return { user, name, version, roles: [role], keys: new Map(), passkeys: new Map() };
  }
  const next = { ...person, version };
  if (type === "passkey-added.v1") {
    const { credentialId, publicKey, signCount } = body;
    const added = { credentialId, publicKey, signCount, removed: false };
    next.passkeys = new Map([...person.passkeys, [credentialId, added]]);
  } else if (type === "passkey-removed.v1") {
    next.passkeys = changed(person.passkeys, body.credentialId, { removed: true });
  } else if (type === "key-attested.v1") {
    const { kid, jwk, expiresAt, signCount } = body;
    next.keys = new Map([...person.keys, [kid, { kid, jwk, expiresAt, revoked: false }]]);
    next.passkeys = changed(person.passkeys, body.assertion.credentialId, { signCount });
  } else if (type === "key-revoked.v1") {
    next.keys = changed(person.keys, body.kid, { revoked: true });
  } else {
    next.roles = [...new Set([...person.roles, body.role])];
  }
  return next;
}

const changed = (things, name, changes) =>
  new Map([...things, [name, { ...things.get(name), ...changes }]]);

/** Return a person's key if it may sign at this time. */
export function activeKey(person, kid, nowMs) {
  const key = person.keys.get(kid);
  if (!key) refuse("key_unknown", "no such signing key of this person");
  if (key.revoked) refuse("key_revoked", "this signing key was revoked");
  if (key.expiresAt !== null && toMs(key.expiresAt) <= nowMs) {
    refuse("key_expired", "this signing key has expired");
  }
  return key;
}

export function activePasskey(person, credentialId) {
  const passkey = person.passkeys.get(credentialId);
  if (!passkey) refuse("passkey_unknown", "no such passkey of this person");
  if (passkey.removed) refuse("passkey_removed", "this passkey was removed");
  return passkey;
}

export function requireAdministrator({ roles }) {
  if (!roles.includes("administrator")) {
    refuse("administrator_only", "only an administrator may do this");
  }
}

/** Return the registration of a person whom the ledger admitted. */
export function decideRegistration({ user, name, role }, invitation) {
  // What Python calls printable: no control, format, private or unassigned character, and of the
  // separators the space alone.
  const printable = !/[\p{C}\p{Z}]/u.test(name.replaceAll(" ", ""));
  if (!strip(name) || length(name) > MAX_NAME_CHARS || !printable) {
    refuse("name_invalid", "a name has 1 to 100 printable characters");
  }
  return { user, name, role, invitation };
}

/** Return a passkey as its registration response shows it; a further one is signed for. */
export async function decidePasskey(owner, body, { ledger, party, nowMs }) {
  const { registration, credentialId, transports, challenge, act } = body;
  const bytes = fromBase64Url(challenge);
  const verified = await verifyRegistration(registration, credentialId, { challenge: bytes, party });
  const added = { ...verified, transports, challenge, registration, kid: null, act: null };
  if (!owner.passkeys.size) return added;
  if (act === null) refuse("act_missing", "a further passkey is added by an act");
  const { key, signed } = await signedBy(owner, act, "add-passkey", { ledger, nowMs });
  if (signed.credentialId !== credentialId) refuse("act_mismatch", "the act names another passkey");
  return { ...added, kid: key.kid, act };
}

async function signedBy(actor, source, kind, { ledger, nowMs }) {
  const jws = parseAct(source);
  const key = activeKey(actor, jws.header.kid, nowMs);
  return { key, signed: await verifyAct(jws, key.jwk, kind, { ledger, nowMs }) };
}

/** Return the attestation of a signing key by one of its owner's passkeys. */
export async function decideAttestation(owner, body, { ledger, party, nowMs }) {
  const { jwk, nonce, assertion, possession, expiresAt } = body;
  // 1. The key: strong; its name is computed here.
  await importJwk(jwk);
  requirePrimeOrder(jwk);
  const kid = await thumbprint(jwk);
  if (owner.keys.has(kid)) refuse("key_known", "this signing key is already registered");
  // 2. The passkey vouches for exactly this key, end, person, ledger and one-time nonce.
  if (expiresAt !== null && toMs(expiresAt) <= nowMs) {
    refuse("time_invalid", "a new key ends in the future");
  }
  const challenge = await attestationChallenge({ kid, ledger, nonce, user: owner.user, expiresAt });
  const passkey = activePasskey(owner, assertion.credentialId);
  const signCount = await verifyAssertion(assertion, { challenge, passkey, party });
  // 3. The key signs the same challenge.
  await verifyPossession(possession, jwk, challenge);
  return { kid, jwk, nonce, assertion, signCount, possession, expiresAt };
}

async function verifyPossession(source, jwk, challenge) {
  const jws = parseCompact(source);
  if (jws.header.typ !== POSSESSION_TYP || jws.header.iat !== null) {
    refuse("possession_refused", `the proof's header is alg, kid, ${POSSESSION_TYP}`);
  }
  if (!equal(fromBase64Url(jws.payload), challenge)) {
    refuse("possession_refused", "the proof is over another challenge");
  }
  await verifyCompact(jws, jwk);
}

/** Return the end of a key, signed by its owner or an administrator. */
export async function decideRevocation(owner, actor, { kid, act }, context) {
  if (!owner.keys.has(kid)) refuse("key_unknown", "no such signing key");
  if (owner.keys.get(kid).revoked) refuse("key_revoked", "this key is already revoked");
  const { key, signed } = await signedBy(actor, act, "revoke-key", context);
  if (actor.user !== owner.user) requireAdministrator(actor);
  if (signed.kid !== kid) refuse("act_mismatch", "the act names another key");
  const { compromisedSince } = signed;
  if (compromisedSince !== null && toMs(compromisedSince) > context.nowMs) {
    refuse("time_invalid", "a key cannot be compromised in the future");
  }
  return { kid, by: actor.user, byKid: key.kid, act, compromisedSince };
}

/** Return the end of a passkey, signed by its owner or an administrator. */
export async function decideRemoval(owner, actor, { credentialId, act }, context) {
  const passkey = owner.passkeys.get(credentialId);
  if (!passkey) refuse("passkey_unknown", "no such passkey");
  if (passkey.removed) refuse("passkey_removed", "this passkey is already removed");
  const { key, signed } = await signedBy(actor, act, "remove-passkey", context);
  if (actor.user !== owner.user) requireAdministrator(actor);
  else if ([...owner.passkeys.values()].filter(({ removed }) => !removed).length === 1) {
    refuse("passkey_last", "an owner keeps one passkey");
  }
  if (signed.credentialId !== credentialId) refuse("act_mismatch", "the act names another passkey");
  return { credentialId, by: actor.user, kid: key.kid, act };
}

/** Return one more role for a person, signed by an administrator. */
export async function decideGrant(owner, actor, { act }, context) {
  const { key, signed } = await signedBy(actor, act, "grant-role", context);
  requireAdministrator(actor);
  if (signed.user !== owner.user) refuse("act_mismatch", "the act names another person");
  if (!ROLES.includes(signed.role)) refuse("role_invalid", "there is no such role");
  if (owner.roles.includes(signed.role)) refuse("role_held", "this person already holds the role");
  return { user: owner.user, role: signed.role, by: actor.user, kid: key.kid, act };
}
