// Who signed what: checks 3 (`signatures`), 4 (`attestations`) and 5 (`keys`), each by itself.

import { parseAct, parseApproval } from "./acts.js";
import { toMs } from "./clock.js";
import { verifyCompact } from "./compact.js";
import { refuse, Unknown } from "./fault.js";
import { thumbprint } from "./keys.js";
import { decideAttestation, decidePasskey, evolvePerson } from "./person.js";

const PERSON_EVENTS = /^(?:user|passkey|key|role)-/;

/** Return every key that the events bring: kid to JWK, the ledger's own among them. */
export async function keysOf(events) {
  const keys = new Map();
  for (const { type, body } of events) {
    const jwk = type === "key-attested.v1" ? body.jwk : type === "ledger-created.v1" ? body.key : null;
    if (jwk) keys.set(await thumbprint(jwk), jwk);
  }
  return keys;
}

const parseSigned = ({ type, body }) =>
  type === "statement-signed.v1" ? parseApproval(body.jws) : parseAct(body.act);

const isSigned = ({ body }) => Boolean(body.jws ?? body.act);

/** Say of a key that nobody here has: in a bundle of the whole log that is a failure. */
function keyUnknown(mode) {
  const detail = "no key in this bundle has the name that the signature gives";
  if (mode === "full") refuse("key_unknown", detail);
  throw new Unknown(detail, "key_unknown");
}

/** Verify the signature of one event under the key that it names; return whether there is one. */
export async function verifySignature(event, keys, mode) {
  if (!isSigned(event)) return false;
  const jws = parseSigned(event);
  const jwk = keys.get(jws.header.kid) ?? keyUnknown(mode);
  await verifyCompact(jws, jwk);
  return true;
}

/** Verifies passkeys and attestations in the order of the log. */
export class Attestations {
  constructor() {
    this.people = new Map();
    this.charter = null;
  }

  /** Verify what one event shows of a passkey or a signing key; return whether it shows any. */
  async add(event) {
    const { type, stream, body, at } = event;
    if (type === "ledger-created.v1") {
      this.charter = { ledger: body.ledger, party: { rpId: body.rpId, origin: body.origin } };
    }
    if (!PERSON_EVENTS.test(type)) return false;
    const owner = this.people.get(stream) ?? null;
    const shows = type === "passkey-added.v1" || type === "key-attested.v1";
    if (shows) await this.verify(type, owner, body, toMs(at));
    this.people.set(stream, evolvePerson(owner, event));
    return shows;
  }

  async verify(type, owner, body, nowMs) {
    if (!owner || !this.charter) refuse("event_misplaced", "of nobody who registered here");
    const context = { ...this.charter, nowMs };
    if (type === "key-attested.v1") await decideAttestation(owner, body, context);
    else await decidePasskey({ ...owner, passkeys: new Map() }, body, context);
  }
}

/** Knows, in the order of the log, whose every key is and whether it may sign. */
export class KeyHistory {
  constructor(mode) {
    this.mode = mode;
    this.keys = new Map();
  }

  /** Refuse an event whose key was not its author's, or not in force; return whether it has one. */
  add(event) {
    const used = isSigned(event) && event.body.kid !== undefined && this.require(event);
    const { type, stream, body } = event;
    if (type === "key-attested.v1") {
      this.keys.set(body.kid, { owner: stream, expiresAt: body.expiresAt, revoked: false });
    } else if (type === "key-revoked.v1" && this.keys.has(body.kid)) {
      this.keys.get(body.kid).revoked = true;
    }
    return used;
  }

  require(event) {
    const { kid } = parseSigned(event).header;
    const key = this.keys.get(kid) ?? keyUnknown(this.mode);
    const { creator, signer, by } = event.body;
    if (key.owner !== (creator ?? signer ?? by ?? event.stream)) {
      refuse("key_of_another", "the key is another person's");
    }
    if (key.revoked) refuse("key_revoked", "this signing key was revoked before");
    if (key.expiresAt !== null && toMs(key.expiresAt) <= toMs(event.at)) {
      refuse("key_expired", "this signing key had ended");
    }
    return true;
  }
}
