// Mirrors ledger.verify.bundle: the checks of a bundle, in the order of docs/reference/evidence.md.
// Each is made unless a check that it needs did not pass. It touches neither page nor network.

import { hex } from "../../static/js/lib/digest.js";
import { evolveCharter, logKeysAt, originOf, STREAM } from "../domain/charter.js";
import { toBase64 } from "../encoding.js";
import { isFinding, Refusal, Unknown } from "../errors.js";
import { verifyNote } from "../tlog/checkpoint.js";
import { ED25519, fingerprint, parseVkey, requireExpected } from "../tlog/vkeys.js";
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
import { requireProof, requireTree } from "./tree.js";

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
    const empty = { name, code: null, position: null, inputs: [] };
    const missing = needs.find((need) => !this.passed(need));
    if (missing) {
      const number = [...this.found.keys()].indexOf(missing) + 1;
      return { ...empty, outcome: OUTCOME.SKIPPED, says: `Check ${number} did not pass.` };
    }
    try {
      return { ...empty, outcome: OUTCOME.PASSED, ...(await this[name]()) };
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
      says: `${count(files.size, "file")}, each as the manifest has it.`,
      inputs: [
        ["Kind", mode],
        ["Entries", `${entries.size} of ${note.size}`],
        ["Events", String(bodies.size)],
      ],
    };
  }

  // --- 2 -------------------------------------------------------------------------------------

  async content() {
    this.events = await readEvents(this.bundle, this.eachEntry);
    return {
      says: `${count(this.events.length, "event")}, as the entries commit to, and the files that follow.`,
      inputs: this.events.map(({ position, type }) => [`Position ${position}`, type]),
    };
  }

  // --- 3, 4, 5 -------------------------------------------------------------------------------

  async signatures() {
    const { events } = this;
    const keys = await keysOf(events);
    const { mode } = this.bundle;
    await this.eachEvent((event) => verifySignature(event, { events, keys, mode }));
    const signed = events.filter(isSigned);
    return {
      says: `${count(signed.length, "signature")} by the keys that they name.`,
      inputs: signed.map(({ position, type }) => [`Position ${position}`, type]),
    };
  }

  async attestations() {
    const attestations = new Attestations(this.events);
    const shown = [];
    await this.eachEvent(async (event) => {
      if (await attestations.add(event)) shown.push(event);
    });
    const party = shown.length ? foundingOf(this.events) : {};
    const named = shown.map(({ position, body }) =>
      body.jwk
        ? [`Position ${position}`, `signing key ${body.kid}`]
        : [`Position ${position}`, `passkey ${body.credentialId}`],
    );
    return {
      says: `${count(shown.length, "passkey or key", "passkeys and keys")} shown, with the user verified.`,
      inputs: [["Relying party", party.rpId ?? "–"], ["Origin", party.origin ?? "–"], ...named],
    };
  }

  async keys() {
    const history = new KeyHistory(await keysOf(this.events), this.bundle.mode);
    await this.eachEvent((event) => history.add(event));
    return {
      says: `${count(history.used.size, "key")} in force wherever used, by the owners.`,
      inputs: [...history.owners].map(([kid, owner]) => [
        `Key ${kid}`,
        `of ${owner}${history.hasEnded(kid) ? ", revoked later" : ""}`,
      ]),
    };
  }

  // --- 6 -------------------------------------------------------------------------------------

  async policy() {
    const { mode, statements } = this.bundle;
    this.auditor = new Auditor({ complete: mode === MODE.FULL });
    await decideAgain(this.events, lacking(this.bundle), this.auditor, this.breathe);
    return {
      says: "Every decision, recomputed from its evidence, is the recorded event.",
      inputs: statements.map((id) => {
        const { status, approvals } = this.auditor.statements.get(id);
        return [`Statement ${id}`, `${status}, ${count(approvals.size, "approval")}`];
      }),
    };
  }

  // --- 7 -------------------------------------------------------------------------------------

  async entries() {
    const { mode, entries, note, statements } = this.bundle;
    if (mode !== MODE.STATEMENT) await requireTree(this.bundle, this.events, this.eachEntry);
    await this.eachEntry(({ raw, stream }, position) =>
      requireProof(this.bundle, raw, position - 1, mode === MODE.STATEMENT || statements.includes(stream)),
    );
    return {
      says: `${count(entries.size, "entry", "entries")} of ${note.size}, each where the tree has it.`,
      inputs: [["Root", hex(note.root)]],
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
    const unread = unknown.map((key) => ` This browser does not verify the line of the ${kindOf(key)} key.`);
    const missing = lost.map((key) => ` The line of the announced ${kindOf(key)} key is missing.`);
    const named = await Promise.all(signers.map(async (key) => [`${kindOf(key)} key`, await fingerprint(key)]));
    return {
      says: `Signed for ${note.size} entries with the announced ${signers.map(kindOf).join(" and ")} key.${[...unread, ...missing].join("")}`,
      inputs: [["Origin", note.origin], ...named],
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
      says: `It is ${this.bundle.note.origin}, by the key that you gave.`,
      inputs: this.expected.map((name) => ["Expected", name]),
    };
  }

  // --- 10 ------------------------------------------------------------------------------------

  async heads() {
    const { files, note, entries } = this.bundle;
    const shown = new Map(inOrder(entries).map(([, { stream, version }]) => [stream, version]));
    const heads = await checkHeads(files.get(HEADS), note, shown, await this.charter());
    this.signedHeads = heads;
    return {
      says: `Every event of ${count(shown.size, "stream")} is there, signed by the ledger's heads key at ${heads.at}.`,
      inputs: [
        ["Signed", heads.at],
        ["Nonce", heads.nonce ?? "none"],
      ],
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

const sentence = (detail) => `${detail[0].toUpperCase()}${detail.slice(1)}.`;

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
