// Who signed what: checks 3 (`signatures`), 4 (`attestations`) and 5 (`keys`), each by itself; see
// ledger.verify.event_checks.

import { parseAct, parseApproval } from "./acts.js";
import { toMs } from "./clock.js";
import { verifyCompact } from "./compact.js";
import { isFinding, refuse, Refusal, Unknown } from "./fault.js";
import { thumbprint } from "./keys.js";
import { activeKey, decideAttestation, decidePasskey, evolvePerson } from "./person.js";

const OF_THE_LEDGER = ["ledger-created.v1", "log-keys-announced.v1", "log-keys-retired.v1", "log-frozen.v1"];

/** Return the first event of a type, or undefined. */
const first = (events, type) => events.find((event) => event.type === type);

export const isSigned = ({ body }) => Boolean(body.jws || body.act);

const parseSigned = ({ type, body }) =>
  type === "statement-signed.v1" ? parseApproval(body.jws) : parseAct(body.act);

/** Return the ledger's founding. */
export function foundingOf(events) {
  const found = first(events, "ledger-created.v1");
  if (!found) throw new Unknown("not_founded", "the founding of the ledger is not there");
  return found.body;
}

/** The keys of a bundle: kid to JWK. */
export async function keysOf(events) {
  const keys = new Map();
  for (const { type, body } of events) {
    if (type === "key-attested.v1") keys.set(await thumbprint(body.jwk), body.jwk);
  }
  return keys;
}

/** The whole log has every key; of a part, the owner may have been left out. */
function unknownKey(mode) {
  const Kind = mode === "full" ? Refusal : Unknown;
  return new Kind("key_unknown", "nobody in this bundle has the key that signed");
}

/** Verify the signature of one event under the key that it names; return whether there is one. */
export async function verifySignature(event, { events, keys, mode }) {
  if (!isSigned(event)) return false;
  const jws = parseSigned(event);
  await verifyCompact(jws, keyFor(event, jws.header.kid, { events, keys, mode }));
  return true;
}

function keyFor({ type, body }, kid, { events, keys, mode }) {
  if (type === "ledger-created.v1") return body.key;
  if (OF_THE_LEDGER.includes(type)) return foundingOf(events).key;
  if (!keys.has(kid)) throw unknownKey(mode);
  return keys.get(kid);
}

/** Verifies passkeys and attestations in the order of the log. */
export class Attestations {
  constructor(events) {
    this.events = events;
    this.people = new Map();
  }

  /** Verify what one event shows of a passkey or a signing key; return whether it shows any. */
  async add(event) {
    const { type, stream, body } = event;
    const owner = this.people.get(stream);
    if (type === "user-registered.v1") {
      if (!owner) this.people.set(stream, evolvePerson(null, event));
      return false;
    }
    if (!owner) return false;
    if (type === "passkey-added.v1" || type === "key-attested.v1") {
      const unknown = await this.verify(event, owner).catch((error) => {
        if (error instanceof Unknown) return error;
        throw error;
      });
      // What this page cannot verify must not make what follows look wrong.
      this.people.set(stream, evolvePerson(owner, event));
      if (unknown) throw unknown;
      return true;
    }
    // The removal of a passkey that was never there is a decision's matter.
    if (type === "passkey-removed.v1" && owner.passkeys.has(body.credentialId)) {
      this.people.set(stream, evolvePerson(owner, event));
    }
    return false;
  }

  async verify({ type, body, at }, owner) {
    const { ledger, rpId, origin } = foundingOf(this.events);
    const context = { ledger, party: { rpId, origin } };
    if (type === "passkey-added.v1") await decidePasskey({ ...owner, passkeys: new Map() }, body, context);
    else await decideAttestation(owner, body, { ...context, nowMs: toMs(at) });
    return null;
  }
}

/** Knows, in the order of the log, whose every key is and whether it may sign. */
export class KeyHistory {
  constructor(keys, mode) {
    this.known = keys;
    this.mode = mode;
    this.owners = new Map();
    this.used = new Set();
  }

  /** Refuse an event whose key was not its author's, or not in force. */
  async add(event) {
    const { type, stream, body } = event;
    const kid = isSigned(event) && !OF_THE_LEDGER.includes(type) ? kidOf(event) : null;
    if (kid !== null) this.require(event, kid);
    if (type === "key-attested.v1") {
      const name = await thumbprint(body.jwk);
      const key = { kid: name, expiresAt: body.expiresAt, revoked: false };
      if (!this.owners.has(name)) this.owners.set(name, { owner: stream, key });
    } else if (type === "key-revoked.v1" && this.owners.has(body.kid)) {
      this.owners.get(body.kid).key.revoked = true;
    }
  }

  require({ stream, body, at }, kid) {
    if (!this.owners.has(kid)) {
      if (this.known.has(kid)) refuse("key_unknown", "the key was attested later than it signed");
      throw unknownKey(this.mode);
    }
    const { owner, key } = this.owners.get(kid);
    if (owner !== (body.creator ?? body.signer ?? body.by ?? stream)) {
      refuse("key_of_another", "the key belongs to somebody else");
    }
    activeKey({ keys: new Map([[kid, key]]) }, kid, toMs(at));
    this.used.add(kid);
  }
}

/** Return the key that a signature names; null if it is none, which is the signatures' matter. */
function kidOf(event) {
  try {
    return parseSigned(event).header.kid;
  } catch (error) {
    if (isFinding(error)) return null;
    throw error;
  }
}
