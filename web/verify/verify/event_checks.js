// Mirrors ledger.verify.event_checks: checks 3 (`signatures`), 4 (`attestations`), 5 (`keys`) and 6
// (`policy`) over the events of a bundle. Checks 3, 4 and 5 each look at one kind of evidence only.

import { toMs } from "../clock.js";
import {
  actorOf,
  forEveryTagOf,
  kidOf,
  parseSignature,
  signatureOf,
  STREAM_OF,
  streamOf,
  TAG,
} from "../domain/events.js";
import { ACT } from "../domain/acts.js";
import { addsKey } from "../domain/events_of_people.js";
import { erasedPositions, erasuresOf } from "../domain/erasure.js";
import { decideFirstPasskey } from "../domain/held_passkeys.js";
import { isLate, signedMs } from "../domain/late_acts.js";
import { People } from "../domain/people.js";
import { activeKey, evolvePerson, settled } from "../domain/person.js";
import { decideAccount } from "../domain/service_accounts.js";
import { decideAttestation } from "../domain/signing_keys.js";
import { isFinding, placed, refuse, Refusal, Unknown } from "../errors.js";
import { verifyCompact } from "../jose/compact.js";
import { thumbprint } from "../jose/keys.js";
import { MODE } from "./container.js";
import { inOrder } from "./contents.js";

export const isSigned = (event) => signatureOf(event) !== "";

/** Return the ledger's founding, once for all events; undefined without one. */
export const foundingOf = (events) => events.find(({ type }) => type === TAG.LEDGER_CREATED)?.body;

/** Return a founding that is there. */
function requireFounding(founding) {
  if (!founding) throw new Unknown("not_founded", "the founding of the ledger is not there");
  return founding;
}

/** Return the signing keys of a bundle: kid to JWK. */
export async function keysOf(events) {
  const keys = new Map();
  for (const event of events.filter(addsKey)) {
    keys.set(await thumbprint(event.body.jwk), event.body.jwk);
  }
  return keys;
}

/** The whole log has every key; a part of it may leave out the owner. */
function unknownKey(mode) {
  const Kind = mode === MODE.FULL ? Refusal : Unknown;
  return new Kind("key_unknown", "nobody in this bundle has the key that signed");
}

// --- signatures (check 3) ----------------------------------------------------------------------

/** Verify the signature of an event, if it has one, under the key that it names. */
export async function verifySignature(event, { founding, keys, mode }) {
  if (!isSigned(event)) return;
  const jws = parseSignature(event);
  await verifyCompact(jws, keyFor(event, jws.header.kid, { founding, keys, mode }));
}

function keyFor(event, kid, { founding, keys, mode }) {
  if (event.type === TAG.LEDGER_CREATED) return event.body.key;
  if (actorOf(event) === null) return requireFounding(founding).key;
  if (!keys.has(kid)) throw unknownKey(mode);
  return keys.get(kid);
}

// --- attestations (check 4) --------------------------------------------------------------------

const unread = { verify: null, folds: () => false };

// By tag: how check 4 verifies what an event shows of a person, and whether it folds the event.
const ATTESTING = forEveryTagOf(STREAM_OF.PERSON, {
  [TAG.USER_REGISTERED]: { verify: null, folds: () => true },
  [TAG.USER_NAMED]: unread,
  [TAG.PASSKEY_ADDED]: {
    verify: (_, { body }, context) => decideFirstPasskey(body, context),
    folds: () => true,
  },
  [TAG.PASSKEY_REMOVED]: {
    verify: null,
    // Check 6 refuses the removal of a passkey that is not there.
    folds: ({ passkeys }, { body }) => passkeys.has(body.credentialId),
  },
  [TAG.KEY_ATTESTED]: {
    verify: (owner, { body, at }, context) =>
      decideAttestation(settled(owner, toMs(at)), body, { ...context, nowMs: toMs(at) }),
    folds: () => true,
  },
  [TAG.SERVICE_ACCOUNT_ADDED]: {
    verify: (owner, { body, at }, context) =>
      decideAccount(settled(owner, toMs(at)), body, { ...context, nowMs: toMs(at) }),
    folds: () => true,
  },
  [TAG.SERVICE_ACCOUNT_ENDED]: unread,
  [TAG.KEY_REVOKED]: unread,
  [TAG.ROLE_GRANTED]: unread,
  [TAG.ROLE_ENDED]: unread,
  [TAG.STANDING_SET]: unread,
  [TAG.NAME_ERASED]: unread,
  [TAG.RE_ENROLMENT_OPENED]: unread,
  [TAG.PASSKEY_ADMITTED]: {
    verify: null,
    folds: ({ passkeys }, { body }) => passkeys.has(body.credentialId),
  },
  [TAG.KEY_REAFFIRMED]: unread,
  [TAG.PERSON_SUSPENDED]: unread,
  [TAG.COMPROMISE_DECLARED]: { verify: null, folds: () => true },
  [TAG.COMPROMISE_SET]: { verify: null, folds: () => true },
  [TAG.RECOVERY_CODES_SET]: unread,
  [TAG.GOVERNANCE_ACCEPTED]: unread,
  [TAG.RECOVERY_CANCELLED]: {
    verify: null,
    folds: ({ passkeys }, { body }) => passkeys.has(body.recovery.replace(/^passkey:/, "")),
  },
});

/** Verifies passkeys and attestations in the order of the log. */
export class Attestations {
  constructor(events) {
    this.founding = foundingOf(events);
    this.people = new People();
  }

  /** Verify what one event shows of a passkey or a signing key; return whether it shows any. */
  async add(event) {
    const { type, stream } = event;
    this.people.lose(event);
    if (streamOf(type) !== STREAM_OF.PERSON) return false;
    const owner = this.people.get(stream);
    // A second registration, or an event before the first one, is check 6's.
    if ((type === TAG.USER_REGISTERED) !== !owner) return false;
    const { verify, folds } = ATTESTING[type];
    const unknown = verify ? await this.unknown(verify, owner, event) : null;
    // What this page cannot verify must not make later events look wrong.
    if (folds(owner, event)) this.people.set(stream, evolvePerson(owner, event));
    if (unknown) throw unknown;
    return verify !== null;
  }

  /** Verify one event; return the finding if there is no verdict. */
  async unknown(verify, owner, event) {
    const { ledger, rpId, origin } = requireFounding(this.founding);
    try {
      await verify(owner, event, { ledger, party: { rpId, origin } });
      return null;
    } catch (error) {
      if (error instanceof Unknown) return error;
      throw error;
    }
  }
}

// --- keys (check 5) ----------------------------------------------------------------------------

const NOBODY = {
  user: "",
  roles: [],
  keys: new Map(),
  passkeys: new Map(),
  codes: [],
  accepted: new Map(),
  link: null,
  codesVoid: false,
  standing: "",
};

/** Knows, in the order of the log, who owns each key and whether it may sign. */
export class KeyHistory {
  constructor(keys, mode) {
    this.known = keys;
    this.mode = mode;
    this.owners = new Map();
    this.people = new People();
    this.used = new Set();
  }

  /** Refuse an event whose key was not its actor's, or not in force; then learn from it. */
  async add(event) {
    const kid = isSigned(event) && actorOf(event) !== null ? signingKid(event) : null;
    if (kid !== null) this.require(event, kid);
    this.people.lose(event);
    const isOfPerson = streamOf(event.type) === STREAM_OF.PERSON;
    if (isOfPerson && event.type !== TAG.USER_REGISTERED) await this.learn(event);
  }

  /** Fold an event of a person; check 6 refuses one that does not fit the person. */
  async learn(event) {
    const { type, stream, body } = event;
    const attested = addsKey(event) ? await thumbprint(body.jwk) : null; // not what it states
    if (this.owners.has(attested)) return;
    if (attested !== null) this.owners.set(attested, stream);
    const said = attested === null ? event : { ...event, body: { ...body, kid: attested } };
    try {
      this.people.set(stream, evolvePerson(this.people.get(stream) ?? NOBODY, said));
    } catch (error) {
      if (!isFinding(error)) throw error;
    }
  }

  /** Tell whether a key was revoked at any time that the events show. */
  hasEnded(kid) {
    return this.people.get(this.owners.get(kid))?.keys.get(kid)?.revoked ?? false;
  }

  require(event, kid) {
    if (!this.owners.has(kid)) {
      if (this.known.has(kid)) refuse("key_unknown", "the key signed before it was attested");
      throw unknownKey(this.mode);
    }
    const owner = this.owners.get(kid);
    if (owner !== actorOf(event)) refuse("key_of_another", "the key belongs to another person");
    const late = isLate(event);
    const nowMs = late ? signedMs(event) : toMs(event.at);
    // A key that nobody reaffirmed ends itself, and reaffirms itself.
    const isItself = [TAG.KEY_REVOKED, TAG.KEY_REAFFIRMED].includes(event.type) && event.body.kid === kid;
    const act = isItself ? ACT.REVOKE_KEY : (SERVICE_ACT[event.type] ?? null);
    activeKey(settled(this.people.get(owner), nowMs), kid, nowMs, { unaffirmed: isItself || late, act });
    this.used.add(kid);
  }
}

// What a service account signs is one of these; its end and its reaffirmation are its own only.
const SERVICE_ACT = {
  [TAG.STATEMENT_DRAFTED]: ACT.DRAFT,
  [TAG.STATEMENT_USED]: ACT.USE,
  [TAG.OUTCOME_REPORTED]: ACT.OUTCOME,
};

/** Return the key of the actor's signature; null for a malformed one, which check 3 refuses. */
function signingKid(event) {
  try {
    return kidOf(event);
  } catch (error) {
    if (isFinding(error)) return null;
    throw error;
  }
}

// --- decisions (check 6) -----------------------------------------------------------------------

/** Give every event of a bundle to the auditor, and the entries without a body in their places. */
export async function decideAgain(events, withheld, auditor, breathe) {
  let next = 0;
  auditor.erasures = erasuresOf(events);
  auditor.stated = erasedPositions(auditor.erasures);
  for (const event of events) {
    await breathe();
    for (; next < withheld.length && withheld[next][0] < event.position; next += 1) {
      const [index, entry] = withheld[next];
      const pass = auditor.erasures.has(entry.stream) ? "addErased" : "passOver";
      placed(index + 1, () => auditor[pass](index + 1, entry));
    }
    try {
      await auditor.add(event);
    } catch (error) {
      if (!isFinding(error)) throw error;
      const Kind = error instanceof Unknown ? Unknown : Refusal;
      throw new Kind(error.code, error.message, event.position);
    }
  }
  placed(auditor.position, () => auditor.finish());
}
