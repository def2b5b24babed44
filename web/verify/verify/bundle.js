// Mirrors ledger.verify.bundle: the checks of a bundle, in the order of docs/reference/evidence.md.
// Each is made unless a check that it needs did not pass. It touches neither page nor network.
// What a check says is a function: the report has its English, and the page asks again in its language.

import { hex } from "../../static/js/lib/digest.js";
import { listed } from "../../static/js/lib/policy.js";
import { text } from "../../static/js/lib/texts.js";
import { evolveCharter, logKeysAt, originOf, STREAM } from "../domain/charter.js";
import { toBase64 } from "../encoding.js";
import { isFinding, Refusal, Unknown } from "../errors.js";
import { verifyNote } from "../tlog/checkpoint.js";
import { ED25519, keyDigest, parseVkey, requireExpected } from "../tlog/vkeys.js";
import { Auditor } from "./auditor.js";
import { MODE, parseContainer, readManifest } from "./container.js";
import { companions } from "./companions.js";
import { checkWitnesses } from "./endorsements.js";
import { inOrder, lacking, readBundle, readEvents } from "./contents.js";
import { Attestations, decideAgain, foundingOf, isSigned, KeyHistory, keysOf, verifySignature } from "./event_checks.js";
import { checkHeads, HEADS } from "./heads.js";
import { limits } from "./readme.js";
import { CHECK, CHECKS, OUTCOME, proofOf, verdictOf, restorationOf } from "./report.js";
import { shownOf } from "./shown_statements.js";
import { requireProofs, requireTree } from "./tree.js";

/** Verify a bundle; return the report of docs/reference/evidence.md, each check with its inputs. */
export async function verifyBundle(bytes, { nowMs, ...options }) {
  const verification = new Verification(bytes, options);
  const checks = await verification.run();
  const { bundle, events, auditor } = verification;
  const isDecided = verification.passed(CHECK.POLICY);
  const statements = isDecided ? shownOf(bundle.statements, events, auditor, nowMs) : [];
  return {
    verdict: verdictOf(checks, statements),
    mode: bundle?.mode ?? null,
    ledger: bundle?.note.origin ?? null,
    size: bundle?.note.size ?? null,
    root: bundle ? toBase64(bundle.note.root) : null,
    asOf: newestAt(bundle),
    checks,
    statements,
    heads: verification.signedHeads,
    restorations: isDecided ? auditor.charter.restorations.map(restorationOf) : [],
    companions: bundle ? await companions(bundle.files, bundle.mode) : [],
    doesNotProve: limits(bundle?.mode ?? null),
    ...proofOf(verification.signers, verification.cosigners, bundle?.note.origin, newestAt(bundle)),
  };
}

/** Return the time of the newest entry that a bundle has, null without one. */
function newestAt(bundle) {
  const newest = bundle && inOrder(bundle.entries).at(-1);
  return newest ? newest[1].at : null;
}

/** One verification: what it has read so far, and what each check found. */
export class Verification {
  /** `expected` are the log keys, and `policy` the witnesses, that the user trusts; `breathe` is awaited often. */
  constructor(bytes, { expected = [], policy = null, breathe = async () => {} } = {}) {
    this.bytes = bytes;
    this.expected = expected;
    this.trusted = policy;
    this.cosigners = [];
    this.breathe = breathe;
    this.found = new Map();
    this.bundle = null;
    this.events = [];
    this.auditor = null; // after check 6
    this.signers = [];
    this.signedHeads = null; // after the check of that name
  }

  /** Make every check, in order; return them. */
  async run() {
    for (const [name, needs] of CHECKS) {
      if (name === CHECK.HEADS && this.bundle?.mode !== MODE.STATEMENT) continue;
      if (name === CHECK.WITNESSES && !this.trusted) continue;
      await this.breathe(name);
      this.found.set(name, await this.make(name, needs));
    }
    return [...this.found.values()];
  }

  /** Tell whether a check passed. */
  passed(name) {
    return this.found.get(name).outcome === OUTCOME.PASSED;
  }

  async make(name, needs) {
    const empty = { name, code: null, position: null, words: null, inputs: () => [] };
    const missing = needs.find((need) => !this.passed(need));
    if (missing) {
      const n = [...this.found.keys()].indexOf(missing) + 1;
      const words = () => text("verify.says.skipped", { n });
      return { ...empty, outcome: OUTCOME.SKIPPED, says: words(), words };
    }
    try {
      const { says, ...found } = await this[name]();
      return { ...empty, outcome: OUTCOME.PASSED, says: says(), words: says, ...found };
    } catch (error) {
      if (!isFinding(error)) throw error;
      const { code, position, message } = error;
      const outcome = error instanceof Refusal ? OUTCOME.FAILED : OUTCOME.UNVERIFIABLE;
      return { ...empty, outcome, code, position, says: sentence(message) };
    }
  }

  /** Call `ask` for each item; throw the first refusal, else the first Unknown, with its position. */
  async each(items, ask) {
    let unknown = null;
    for (const [position, item] of items) {
      await this.breathe();
      try {
        await ask(item, position);
      } catch (error) {
        if (!isFinding(error)) throw error;
        error.position ??= position;
        if (error instanceof Refusal) throw error;
        unknown ??= error;
      }
    }
    if (unknown) throw unknown;
  }

  eachEvent = (ask) => this.each(this.events.map((event) => [event.position, event]), ask);
  eachEntry = (ask) =>
    this.each(inOrder(this.bundle.entries).map(([index, entry]) => [index + 1, entry]), ask);

  // --- 1 -------------------------------------------------------------------------------------

  async readable() {
    const files = parseContainer(this.bytes);
    const manifest = await readManifest(files, this.breathe);
    this.bundle = await readBundle(files, manifest, this.breathe);
    const { mode, entries, bodies, note } = this.bundle;
    return {
      says: () => text("verify.says.readable", { count: files.size }),
      inputs: () => [
        [text("verify.input.mode"), mode],
        [text("verify.input.entries"), text("verify.step", { n: entries.size, most: note.size })],
        [text("verify.input.events"), String(bodies.size)],
      ],
    };
  }

  // --- 2 -------------------------------------------------------------------------------------

  async content() {
    this.events = await readEvents(this.bundle, this.eachEntry);
    return {
      says: () => text("verify.says.content", { count: this.events.length }),
      inputs: () => this.events.map(({ position, type }) => [at(position), type]),
    };
  }

  // --- 3, 4, 5 -------------------------------------------------------------------------------

  async signatures() {
    const { events, bundle: { mode } } = this;
    const known = { founding: foundingOf(events), keys: await keysOf(events), mode };
    await this.eachEvent((event) => verifySignature(event, known));
    const signed = events.filter(isSigned);
    return {
      says: () => text("verify.says.signatures", { count: signed.length }),
      inputs: () => signed.map(({ position, type }) => [at(position), type]),
    };
  }

  async attestations() {
    const attestations = new Attestations(this.events);
    const shown = [];
    await this.eachEvent(async (event) => {
      if (await attestations.add(event)) shown.push(event);
    });
    const party = (shown.length && attestations.founding) || {};
    const called = ({ jwk, kid, credentialId }) =>
      jwk ? text("verify.input.key", { kid }) : text("verify.input.passkey", { id: credentialId });
    return {
      says: () => text("verify.says.attestations", { count: shown.length }),
      inputs: () => [
        [text("verify.input.party"), party.rpId ?? "–"],
        [text("verify.input.origin"), party.origin ?? "–"],
        ...shown.map(({ position, body }) => [at(position), called(body)]),
      ],
    };
  }

  async keys() {
    const history = new KeyHistory(await keysOf(this.events), this.bundle.mode);
    await this.eachEvent((event) => history.add(event));
    return {
      says: () => text("verify.says.keys", { count: history.used.size }),
      inputs: () => [...history.owners].map(([kid, owner]) => [
        text("verify.input.of", { kid }),
        text(history.hasEnded(kid) ? "verify.input.revoked" : "verify.input.owner", { owner }),
      ]),
    };
  }

  // --- 6 -------------------------------------------------------------------------------------

  async policy() {
    const { mode, statements } = this.bundle;
    this.auditor = new Auditor({ complete: mode === MODE.FULL });
    await decideAgain(this.events, lacking(this.bundle), this.auditor, this.breathe);
    return {
      says: () => text("verify.says.policy"),
      inputs: () => statements.map((id) => {
        const { status, approvals: { size: count } } = this.auditor.statements.get(id);
        return [text("verify.input.statement", { id }), text("verify.input.approvals", { status: text(`status.${status}`), count })];
      }),
    };
  }

  // --- 7 -------------------------------------------------------------------------------------

  async entries() {
    const { mode, entries, note } = this.bundle;
    if (mode !== MODE.STATEMENT) await requireTree(this.bundle, this.events, this.eachEntry);
    await requireProofs(this.bundle, this.eachEntry);
    return {
      says: () => text("verify.says.entries", { count: entries.size, size: note.size }),
      inputs: () => [[text("verify.input.root"), hex(note.root)]],
    };
  }

  // --- 8, 9 ----------------------------------------------------------------------------------

  async checkpoint() {
    const { note } = this.bundle;
    const charter = await this.charter();
    const keys = await Promise.all(logKeysAt(charter, note.size).map(({ vkey }) => parseVkey(vkey)));
    const { signers, unknown } = await verifyNote(note.raw, keys, originOf(charter, note.size));
    if (!signers.length) {
      throw new Unknown("algorithm_unknown", "this browser does not verify ML-DSA-44, and no other key signed");
    }
    this.signers = signers;
    const lost = keys.filter((key) => !signers.includes(key) && !unknown.includes(key));
    const named = await Promise.all(signers.map(async (key) => [kindOf(key), await keyDigest(key)]));
    return {
      says: () => [
        text("verify.says.checkpoint", { size: note.size, kinds: listed(signers.map(kindOf)) }),
        ...unknown.map((key) => text("verify.says.unread", { kind: kindOf(key) })),
        ...lost.map((key) => text("verify.says.missing", { kind: kindOf(key) })),
      ].join(" "),
      inputs: () => [
        [text("verify.input.origin"), note.origin],
        ...named.map(([kind, digest]) => [text("verify.input.log-key", { kind }), digest]),
      ],
    };
  }

  /** Return the charter as the ledger's own events say. */
  async charter() {
    const own = this.events.filter(({ stream }) => stream === STREAM);
    let charter = null;
    for (const event of own) charter = await evolveCharter(charter, event);
    if (!charter) throw new Unknown("not_founded", "the founding of the ledger is not there");
    return charter;
  }

  async ledger() {
    if (!this.expected.length) throw new Unknown("log_key_not_given", "no key was given to compare with");
    await requireExpected(this.expected, this.signers);
    return {
      says: () => text("verify.says.ledger", { origin: this.bundle.note.origin }),
      inputs: () => this.expected.map((name) => [text("verify.input.expected"), name]),
    };
  }

  // --- 10 ------------------------------------------------------------------------------------

  async heads() {
    const { files, note, entries } = this.bundle;
    const shown = new Map(inOrder(entries).map(([, { stream, version }]) => [stream, version]));
    const heads = await checkHeads(files.get(HEADS), note, shown, await this.charter());
    this.signedHeads = heads;
    return {
      says: () => text("verify.says.heads", { count: shown.size, at: heads.at }),
      inputs: () => [[text("verify.input.signed"), heads.at], [text("verify.input.nonce"), heads.nonce ?? text("verify.input.none")]],
    };
  }

  // --- with a policy of the user's -----------------------------------------------------------

  async witnesses() {
    const { signers, events, trusted } = this;
    const { cosigners, ...found } = await checkWitnesses(trusted, { note: this.bundle.note, signers, events });
    this.cosigners = cosigners;
    return found;
  }
}

const kindOf = ({ kind }) => (kind === ED25519 ? "Ed25519" : "ML-DSA-44");

/** Return a detail as a sentence. */
export const sentence = (detail) => `${detail[0].toUpperCase()}${detail.slice(1)}.`;

const at = (n) => text("verify.input.position", { n });
