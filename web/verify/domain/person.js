// Mirrors ledger.domain.person: a person's passkeys, signing keys and roles. Recomputes each
// decision from its evidence, and folds the events.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { parseCompact } from "../jose/compact.js";
import { ACT, parseAct, verifyAct } from "./acts.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { requireName, requireSkeletons } from "./names.js";
import { STANDING } from "./vocabulary.js";

// By tag: what an event changes in a person.
const CHANGES = forEveryTagOf(STREAM_OF.PERSON, {
  [TAG.USER_REGISTERED]: (_, { user, name, role, invitation, accepts }) => ({
    user,
    name,
    roles: role === null ? [] : [role],
    keys: new Map(),
    passkeys: new Map(),
    standing: STANDING.ACTIVE,
    invitation,
    codes: [],
    // By the digest of a governance policy: the roles held since the person accepted it.
    accepted: new Map(accepts === null ? [] : [[accepts, [role]]]),
  }),
  [TAG.PASSKEY_ADDED]: ({ passkeys }, body, addedAt) => ({
    passkeys: changed(passkeys, body.credentialId, {
      credentialId: body.credentialId,
      publicKey: body.publicKey,
      addedAt,
      addedBy: [
        ...(body.kid === null ? [] : [keyReference(body.kid)]),
        ...(body.confirmation === null ? [] : [passkeyReference(body.confirmation.credentialId)]),
      ],
      removed: false,
      compromisedSince: null,
      activeFrom: body.activeFrom,
      code: body.activeFrom === null || body.redeem === null ? null : parseCompact(body.redeem).header.kid,
      cancelled: false,
    }),
  }),
  [TAG.PASSKEY_REMOVED]: ({ passkeys }, { credentialId }, at) => ({
    passkeys: changed(passkeys, credentialId, end(passkeys.get(credentialId), at)),
  }),
  [TAG.KEY_ATTESTED]: ({ keys }, { kid, jwk, expiresAt, assertion }, addedAt) => ({
    keys: changed(keys, kid, {
      kid,
      jwk,
      addedAt,
      expiresAt,
      addedBy: [passkeyReference(assertion.credentialId)],
      revoked: false,
      compromisedSince: null,
    }),
  }),
  [TAG.KEY_REVOKED]: ({ keys }, { kid, compromisedSince }) => {
    const since = compromisedSince ?? keys.get(kid)?.compromisedSince ?? null;
    return { keys: changed(keys, kid, { revoked: true, compromisedSince: since }) };
  },
  [TAG.ROLE_GRANTED]: ({ roles }, { role }) => ({ roles: [...new Set([...roles, role])] }),
  [TAG.ROLE_ENDED]: ({ roles, accepted }, { role }) => ({
    roles: without(roles, role),
    accepted: new Map([...accepted].map(([digest, held]) => [digest, without(held, role)])),
  }),
  [TAG.GOVERNANCE_ACCEPTED]: ({ roles, accepted }, { policySha256 }) => ({
    accepted: new Map([...accepted, [policySha256, roles]]),
  }),
  [TAG.STANDING_SET]: (_, { standing }) => ({ standing }),
  [TAG.PERSON_SUSPENDED]: () => ({ standing: STANDING.SUSPENDED }),
  [TAG.COMPROMISE_DECLARED]: compromised,
  [TAG.COMPROMISE_SET]: compromised,
  [TAG.RECOVERY_CODES_SET]: (_, { keys }) => ({ codes: keys }),
  [TAG.RECOVERY_CANCELLED]: ({ passkeys }, { recovery }) => ({
    passkeys: changed(passkeys, split(recovery).name, { removed: true, cancelled: true }),
  }),
});

/** Return the person after one more event of their stream. */
export function evolvePerson(person, { type, version, at, body }) {
  return { ...person, ...CHANGES[type](person, body, at), version };
}

/** Tell whether a passkey does not work yet: a recovery code added it a short time ago. */
export const waits = (passkey, nowMs) => passkey.activeFrom !== null && nowMs < toMs(passkey.activeFrom);

/** Tell whether a passkey works. */
export const isLive = (passkey, nowMs) => !passkey.removed && !waits(passkey, nowMs);

const without = (roles, role) => roles.filter((each) => each !== role);

const end = (passkey, at) => ({
  removed: true,
  cancelled: passkey !== undefined && waits(passkey, toMs(at)),
});

/** Return a person after a declaration: each named thing ends. */
function compromised(person, { compromised: one, since, also }, at) {
  return [one, ...also].reduce((after, name) => endCompromised(after, name, since, at), person);
}

/** Return a person after the end of what was compromised, with the date that holds for it. */
function endCompromised(person, reference, declared, at) {
  const { kind, name } = split(reference);
  const thing = person[THINGS[kind]]?.get(name);
  if (!thing) return person; // the decision refuses it
  const { kid, credentialId, addedAt, compromisedSince } = thing;
  const since = declared > addedAt ? declared : addedAt;
  const earliest = compromisedSince !== null && compromisedSince < since ? compromisedSince : since;
  const { keys, passkeys } = person;
  if (kid !== undefined) {
    return { ...person, keys: changed(keys, kid, { revoked: true, compromisedSince: earliest }) };
  }
  const ended = thing.removed ? {} : end(thing, at);
  return { ...person, passkeys: changed(passkeys, credentialId, { ...ended, compromisedSince: earliest }) };
}

/** How acts and events refer to a signing key, or to a passkey, where they could mean either. */
export const keyReference = (kid) => `kid:${kid}`;
export const passkeyReference = (credentialId) => `passkey:${credentialId}`;

/** Return the key or passkey of a reference, ended or not. */
export function findThing(person, reference) {
  const { kind, name } = split(reference);
  const thing = person[THINGS[kind]]?.get(name);
  if (thing) return thing;
  if (kind === "passkey") refuse("passkey_unknown", "no such passkey of this person");
  return refuse("key_unknown", "no such signing key of this person");
}

// What each kind of reference is looked up in.
const THINGS = Object.freeze({ kid: "keys", passkey: "passkeys" });

function split(reference) {
  const at = reference.indexOf(":");
  return at < 0 ? { kind: "", name: "" } : { kind: reference.slice(0, at), name: reference.slice(at + 1) };
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

export function activePasskey(person, credentialId, nowMs) {
  const passkey = person.passkeys.get(credentialId);
  if (!passkey) refuse("passkey_unknown", "no such passkey of this person");
  if (passkey.removed) refuse("passkey_removed", "this passkey was removed");
  if (waits(passkey, nowMs)) refuse("passkey_waiting", "this passkey does not work yet");
  return passkey;
}

/** Return the registration of a person whom the ledger admitted. */
export function decideRegistration({ user, name, nameSkeletons, unicode }, { invitation, role, accepts }) {
  requireName(name);
  requireSkeletons(nameSkeletons, unicode);
  return { user, name, role, nameSkeletons, unicode, invitation, accepts };
}

/** Return the active key and the payload of an act that this person signed. */
export async function signedBy(actor, source, kind, { ledger, nowMs, about }) {
  const jws = parseAct(source);
  const key = activeKey(actor, jws.header.kid, nowMs);
  return { key, signed: await verifyAct(jws, key.jwk, kind, { ledger, nowMs, about }) };
}
