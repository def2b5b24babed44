// Mirrors ledger.domain.person: a person's passkeys, signing keys and roles. Recomputes each
// decision from its evidence, and folds the events.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { parseCompact } from "../jose/compact.js";
import { ACT, parseAct, verifyAct } from "./acts.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { NAMED } from "./erasure.js";
import { requireName, requireSkeletons, withoutName } from "./names.js";
import { OWN_ACTS, refuseBeyond } from "./holdings.js";
import { STANDING } from "./vocabulary.js";

// By tag: what an event changes in a person.
const CHANGES = forEveryTagOf(STREAM_OF.PERSON, {
  [TAG.USER_REGISTERED]: (_, { user, role, invitation, accepts, admittedBy }) => ({
    user,
    name: withoutName(user),
    nameErasedBy: null, // the change that erased the name
    roles: role === null ? [] : [role],
    keys: new Map(),
    passkeys: new Map(),
    standing: STANDING.ACTIVE,
    suspensionStays: false, // it is later than the change that lets the person come back
    invitation,
    admittedBy,
    codes: [],
    // By the digest of a governance policy: the roles held since the person accepted it.
    accepted: new Map(accepts === null ? [] : [[accepts, [role]]]),
    roleEndedAt: null, // the last time that one of their roles ended
    link: null, // of a re-enrolment that nobody has redeemed
    codesVoid: false, // since a loss, until the person sets others
    reEnrolledAt: null, // the last time that a re-enrolment was complete
  }),
  [TAG.USER_NAMED]: (_, { name }) => ({ name }),
  [TAG.NAME_ERASED]: ({ user }, { change }) => ({
    name: withoutName(user),
    nameErasedBy: change,
  }),
  [TAG.PASSKEY_ADDED]: ({ passkeys, link }, body, addedAt) => ({
    link: body.reEnrols ? null : link,
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
      code: codeOf(body),
      reEnrols: body.reEnrols,
      needsAdmission: body.needsAdmission,
      cancelled: false,
    }),
  }),
  [TAG.PASSKEY_REMOVED]: ({ passkeys }, { credentialId }, at) => ({
    passkeys: changed(passkeys, credentialId, end(passkeys.get(credentialId), at)),
  }),
  [TAG.KEY_ATTESTED]: (person, body, at) => attested(person, body, at, null),
  [TAG.SERVICE_ACCOUNT_ADDED]: (person, body, at) => attested(person, body, at, body),
  [TAG.SERVICE_ACCOUNT_ENDED]: ({ keys }, { account }) => ({
    keys: changed(keys, account, { revoked: true }),
  }),
  [TAG.KEY_REAFFIRMED]: ({ keys }, { kid }) => ({ keys: changed(keys, kid, { unaffirmed: false }) }),
  [TAG.KEY_REVOKED]: ({ keys }, { kid, compromisedSince }) => {
    const since = compromisedSince ?? keys.get(kid)?.compromisedSince ?? null;
    return { keys: changed(keys, kid, { revoked: true, compromisedSince: since }) };
  },
  [TAG.ROLE_GRANTED]: ({ roles }, { role }) => ({ roles: [...new Set([...roles, role])] }),
  [TAG.ROLE_ENDED]: ({ roles, accepted }, { role }, roleEndedAt) => ({
    roleEndedAt,
    roles: without(roles, role),
    accepted: new Map([...accepted].map(([digest, held]) => [digest, without(held, role)])),
  }),
  [TAG.GOVERNANCE_ACCEPTED]: ({ roles, accepted }, { policySha256 }) => ({
    accepted: new Map([...accepted, [policySha256, roles]]),
  }),
  [TAG.STANDING_SET]: (person, { standing }) => ({ standing, suspensionStays: comesBack(person) }),
  [TAG.PERSON_SUSPENDED]: (person) => ({
    standing: STANDING.SUSPENDED,
    suspensionStays: comesBack(person),
  }),
  [TAG.COMPROMISE_DECLARED]: compromised,
  [TAG.COMPROMISE_SET]: compromised,
  [TAG.RECOVERY_CODES_SET]: (_, { keys }) => ({ codes: keys, codesVoid: false }),
  [TAG.RECOVERY_CANCELLED]: ({ passkeys }, { recovery }) => {
    const { kind, name } = split(recovery);
    if (kind === "kid") return { link: null };
    return { passkeys: changed(passkeys, name, { removed: true, cancelled: true }) };
  },
  [TAG.RE_ENROLMENT_OPENED]: (_, { key, expiresAt }) => ({
    link: { key, expiresAt, isVoid: false },
    suspensionStays: false,
  }),
  [TAG.PASSKEY_ADMITTED]: ({ passkeys }, { credentialId }, at) => {
    const waited = passkeys.get(credentialId)?.activeFrom ?? at;
    const admitted = { needsAdmission: false, activeFrom: waited > at ? waited : at };
    return { passkeys: changed(passkeys, credentialId, admitted) };
  },
});

/** Return the keys of a person with one more; `service` has the scope of a service account's. */
const attested = ({ keys }, { kid, jwk, expiresAt, assertion }, addedAt, service) => ({
  keys: changed(keys, kid, {
    kid,
    jwk,
    addedAt,
    expiresAt,
    addedBy: [passkeyReference(assertion.credentialId)],
    revoked: false,
    compromisedSince: null,
    unaffirmed: false, // since a loss: it signs nothing until its person reaffirms it
    service: service && { acts: service.acts, types: service.types, untyped: service.untyped },
  }),
});

/** Return the person after one more event of their stream, as of the event's time. */
export function evolvePerson(person, { type, version, at, body }) {
  const nowMs = toMs(at);
  const before = person && settled(person, nowMs);
  return settled({ ...before, ...CHANGES[type](before, body, at), version }, nowMs);
}

/** Return the passkey of a re-enrolment that waits; undefined without one. */
export const reEnrolling = ({ passkeys }) =>
  [...passkeys.values()].find((each) => each.reEnrols && !each.removed);

/** Tell whether a re-enrolment of a person is open or waits. */
const comesBack = (person) => person.link !== null || reEnrolling(person) !== undefined;

/**
 * Return a person as of a time: a re-enrolment whose waiting is over by then is complete. It ends
 * the person's older passkeys, keys, codes and links, and a suspension from before the change that
 * opened it, without an event.
 */
export function settled(person, nowMs) {
  const added = reEnrolling(person);
  if (!added || waits(added, nowMs)) return person;
  const { passkeys, keys, standing, suspensionStays } = person;
  const after = (each) => {
    if (each === added) return { ...each, reEnrols: false };
    return each.removed ? each : { ...each, removed: true, cancelled: waits(each, nowMs) };
  };
  return {
    ...person,
    passkeys: new Map([...passkeys].map(([id, each]) => [id, after(each)])),
    keys: new Map([...keys].map(([kid, key]) => [kid, { ...key, revoked: true }])),
    codes: [],
    link: null,
    standing: standing === STANDING.SUSPENDED && !suspensionStays ? STANDING.ACTIVE : standing,
    reEnrolledAt: added.activeFrom,
  };
}

/**
 * Return a person after a loss, whose lost events may have ended any of what they hold: keys sign
 * only after they are reaffirmed; codes, links and passkeys that wait are void; governance is
 * accepted anew. Passkeys that work go on.
 */
export function afterLoss(before, lossMs) {
  const person = settled(before, lossMs);
  const ended = (each) =>
    !each.removed && waits(each, lossMs) ? { ...each, removed: true, cancelled: true } : each;
  return {
    ...person,
    passkeys: new Map([...person.passkeys].map(([id, each]) => [id, ended(each)])),
    keys: new Map([...person.keys].map(([kid, key]) => [kid, { ...key, unaffirmed: true }])),
    codesVoid: true,
    link: person.link && { ...person.link, isVoid: true },
    accepted: new Map(),
  };
}

/** Return the kid of the recovery code that added a passkey, null if none did. */
const codeOf = ({ activeFrom, redeem, reEnrols }) =>
  activeFrom === null || redeem === null || reEnrols ? null : parseCompact(redeem).header.kid;

/** Tell whether a passkey does not work yet: a code or a re-enrolment's link added it lately. */
export const waits = ({ activeFrom, needsAdmission }, nowMs) =>
  activeFrom !== null && (needsAdmission || nowMs < toMs(activeFrom));

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

/**
 * Return a person's key if it may sign at this time; with `unaffirmed` also one that nobody
 * reaffirmed after a loss. A service account's key is returned only for an `act` that it may sign.
 */
export function activeKey(person, kid, nowMs, { unaffirmed = false, act = null } = {}) {
  const key = person.keys.get(kid);
  if (!key) refuse("key_unknown", "no such signing key of this person");
  if (key.revoked) refuse("key_revoked", "this signing key was revoked");
  if (key.expiresAt !== null && toMs(key.expiresAt) <= nowMs) {
    refuse("key_expired", "this signing key has expired");
  }
  if (key.unaffirmed && !unaffirmed) {
    refuse("reaffirmation_required", "nobody reaffirmed this signing key after a loss");
  }
  if (key.service && ![...key.service.acts, ...OWN_ACTS].includes(act)) refuseBeyond();
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
export const decideRegistration = ({ user }, { invitation, role, accepts, by }) => ({
  user,
  role,
  invitation,
  accepts,
  admittedBy: by,
});

/** Return what names a person who registers, once. */
export function decideName(_, { version, body: { name, nameSkeletons, unicode } }) {
  if (version !== NAMED) refuse("event_misplaced", "a person is named once, as they register");
  requireName(name);
  requireSkeletons(nameSkeletons, unicode);
  return { name, nameSkeletons, unicode };
}

/**
 * Return the active key and the payload of an act that this person signed. The key `itself` may
 * sign also if nobody reaffirmed it after a loss.
 */
export async function signedBy(actor, source, kind, { ledger, nowMs, about, itself = null, freshnessMs }) {
  const jws = parseAct(source);
  const { kid } = jws.header;
  const isOwn = OWN_ACTS.includes(kind);
  const act = !isOwn || kid === itself ? kind : null;
  const key = activeKey(actor, kid, nowMs, { unaffirmed: kid === itself, act });
  return { key, signed: await verifyAct(jws, key.jwk, kind, { ledger, nowMs, about, freshnessMs }) };
}
