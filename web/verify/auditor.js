// The auditor: makes every decision again from its evidence, in the order of the log, and compares.
// It is src/ledger/verify/auditor.py in another language; where they differ, one of them is wrong.

import { parseAct, parseApproval } from "./acts.js";
import * as charter from "./charter.js";
import { toMs } from "./clock.js";
import { claims } from "./events.js";
import { refuse } from "./fault.js";
import * as people from "./person.js";
import { same } from "./shapes.js";
import * as statements from "./statement.js";

const FIRSTS = ["ledger-created.v1", "user-registered.v1", "statement-drafted.v1"];
// A registration is three events; the two behind the first must follow at once.
const REGISTRATION = { "user-registered.v1": 1, "passkey-added.v1": 2, "key-attested.v1": 3 };

const PERSON = {
  "passkey-added.v1": (owner, actor, body, context) => people.decidePasskey(owner, body, context),
  "key-attested.v1": (owner, actor, body, context) => people.decideAttestation(owner, body, context),
  "passkey-removed.v1": people.decideRemoval,
  "key-revoked.v1": people.decideRevocation,
  "role-granted.v1": people.decideGrant,
};
const SELF = ["passkey-added.v1", "key-attested.v1"];

/** Folds events, re-deciding each on the way. */
export class Auditor {
  constructor() {
    this.position = 0;
    this.charter = null;
    this.people = new Map();
    this.statements = new Map();
    this.owners = new Map();
    this.claims = new Set();
    this.incomplete = null;
  }

  /** Decide the next event again and fold it; refuse what its evidence does not lead to. */
  async add(event) {
    // A registration is one commit, so there is no gap inside it in any choice of streams.
    if (this.incomplete !== null && event.position !== this.position + 1) {
      refuse("position_gap", `after ${this.position} comes ${event.position}`);
    }
    this.requireComplete(event);
    const expected = await this.decide(event);
    if (!same(expected, event.body)) {
      refuse("decision_mismatch", "the evidence leads to another event");
    }
    for (const name of claims(event)) {
      if (this.claims.has(name)) refuse("claimed_twice", "a name is taken twice");
      this.claims.add(name);
    }
    await this.evolve(event);
    this.position = event.position;
  }

  finish() {
    if (this.incomplete !== null) refuse("registration_torn", "a registration lacks its passkey or key");
  }

  requireComplete({ stream, type, version }) {
    if (this.incomplete !== null) {
      const follows = stream === this.incomplete && REGISTRATION[type] === version;
      if (!follows) refuse("registration_torn", "a registration was torn apart");
    }
    if (type === "user-registered.v1") this.incomplete = stream;
    else if (type === "key-attested.v1" && version === 3) this.incomplete = null;
  }

  async decide(event) {
    const { type, stream, body } = event;
    const nowMs = toMs(event.at);
    if (this.charter?.frozen) refuse("ledger_frozen", "an event behind the last one");
    if (type === "ledger-created.v1") {
      if (this.charter || stream !== charter.STREAM) refuse("ledger_founded_twice", "founded once");
      return charter.decideCreation(body, nowMs);
    }
    if (!this.charter) refuse("not_founded", "the log does not begin with a founding");
    const context = { ledger: this.charter.ledger, party: this.charter.party, nowMs };
    switch (type) {
      case "invitation-issued.v1":
      case "log-keys-announced.v1":
      case "log-keys-retired.v1":
      case "log-frozen.v1":
        this.requireStream(stream, charter.STREAM);
        return this.decideCharter(event, nowMs);
      case "user-registered.v1":
        return this.register(event, nowMs);
      case "statement-drafted.v1":
        return this.draft(event, context);
      default:
        return type in PERSON
          ? this.decidePerson(event, context)
          : this.decideStatement(event, context);
    }
  }

  decideCharter({ type, body, position }, nowMs) {
    if (type === "invitation-issued.v1") {
      return charter.decideInvitation(this.charter, this.actor(body.act), body.act, nowMs);
    }
    if (type === "log-frozen.v1") return charter.decideFreeze(this.charter, body.act, nowMs);
    // A size that is there when the event is: keys are not announced for later.
    if ((body.firstSize ?? body.lastSize) > position) {
      refuse("log_keys_misplaced", "log keys begin or end at a later size");
    }
    return type === "log-keys-announced.v1"
      ? charter.decideAnnouncement(this.charter, body.act, nowMs)
      : charter.decideRetirement(this.charter, body.act, nowMs);
  }

  register({ stream, body }, nowMs) {
    this.requireStream(stream, body.user);
    const found = [...this.charter.invitations.values()].find(({ id }) => id === body.invitation);
    const admitted = charter.admit(this.charter, body.role, found, nowMs);
    return people.decideRegistration(body, admitted);
  }

  decidePerson({ type, stream, body }, context) {
    const owner = this.people.get(stream);
    if (!owner) refuse("event_misplaced", "an event of somebody who is not there");
    const actor = SELF.includes(type) ? null : this.actor(body.act);
    return PERSON[type](owner, actor, body, context);
  }

  async draft({ stream, body }, context) {
    const { again, document } = await statements.decideDraft(body, this.actor(body.act), context);
    this.requireStream(stream, document.statementId);
    if (document.supersedes !== null && !this.statements.has(document.supersedes)) {
      refuse("statement_unknown", "it supersedes a statement that is not there");
    }
    return again;
  }

  decideStatement({ type, stream, body }, context) {
    const subject = this.statements.get(stream);
    if (!subject) refuse("event_misplaced", "an event of a statement that is not there");
    if (type === "statement-signed.v1") {
      const signer = this.owner(parseApproval(body.jws).header.kid);
      return statements.decideApproval(subject, body, signer, context);
    }
    const actor = this.actor(body.act);
    if (type === "statement-withdrawn.v1") {
      return statements.decideWithdrawal(subject, body, actor, context);
    }
    const everybody = [...this.people.values()].map(({ user, roles }) => [user, roles]);
    return statements.decideRejection(subject, body, actor, everybody, context);
  }

  async evolve(event) {
    const { type, stream, version, body } = event;
    const known =
      stream === charter.STREAM ? this.charter : (this.people.get(stream) ?? this.statements.get(stream));
    // One stream is one thing, the ledger, a person or a statement, and it begins once.
    if (FIRSTS.includes(type) !== (version === 1) || (FIRSTS.includes(type) && known)) {
      refuse("event_misplaced", "a stream begins once, with its own first event");
    }
    if (version !== (known?.version ?? 0) + 1) refuse("version_gap", "a version is missing");
    if (type.startsWith("statement-")) {
      this.statements.set(stream, await statements.evolveStatement(known, event));
    } else if (type in PERSON || type === "user-registered.v1") {
      this.people.set(stream, people.evolvePerson(known, event));
    } else {
      this.charter = charter.evolveCharter(known, event);
    }
    if (type === "key-attested.v1") this.owners.set(body.kid, stream);
  }

  actor(act) {
    return this.owner(parseAct(act).header.kid);
  }

  owner(kid) {
    const stream = this.owners.get(kid);
    return stream ? this.people.get(stream) : refuse("event_misplaced", "nobody’s signing key");
  }

  requireStream(stream, expected) {
    if (stream !== expected) refuse("event_misplaced", "the event stands in another stream");
  }
}
