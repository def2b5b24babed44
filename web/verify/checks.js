// The nine checks of a bundle, in the order of docs/reference/evidence.md, each made unless one that
// it needs did not pass. Nothing here touches the page or the network; see ledger.verify.bundle.

import { hex } from "../static/js/lib/digest.js";
import { Auditor } from "./auditor.js";
import { inOrder, readBundle, readManifest } from "./bundle.js";
import { equal } from "./bytes.js";
import { evolveCharter, logKeysAt, STREAM } from "./charter.js";
import { requireCommitted } from "./entries.js";
import { decodeEvent } from "./events.js";
import { requireExhibits } from "./exhibits.js";
import { isFinding, placed, Refusal, refuse, Unknown } from "./fault.js";
import { ED25519, fingerprint, parseVkey, requireExpected, verifyNote } from "./note.js";
import { Attestations, foundingOf, isSigned, KeyHistory, keysOf, verifySignature } from "./signing.js";
import { leafHash, verifyInclusion, verifyTree } from "./tree.js";
import { readZip } from "./zip.js";

/** The names of the checks, in order, and which have to pass before each. */
export const CHECKS = [
  ["readable", []],
  ["content", ["readable"]],
  ["signatures", ["content"]],
  ["attestations", ["content"]],
  ["keys", ["content"]],
  ["policy", ["signatures", "attestations", "keys"]],
  ["entries", ["readable"]],
  ["checkpoint", ["content"]],
  ["ledger", ["checkpoint"]],
];

/** One verification: what was read so far, and what each check found. */
export class Verification {
  /** `expected` are the names of log keys that the user trusts; `breathe` is awaited often. */
  constructor(bytes, { expected = [], breathe = async () => {} } = {}) {
    this.bytes = bytes;
    this.expected = expected;
    this.breathe = breathe;
    this.found = new Map();
    this.bundle = null;
    this.events = [];
    this.auditor = new Auditor();
    this.signers = [];
  }

  /** Make every check; return `[{name, outcome, says, code, position, inputs}]`. */
  async run() {
    for (const [name, needs] of CHECKS) {
      await this.breathe(name);
      this.found.set(name, await this.make(name, needs));
    }
    return [...this.found.values()];
  }

  async make(name, needs) {
    const empty = { name, code: null, position: null, inputs: [] };
    const missing = needs.find((need) => this.found.get(need).outcome !== "passed");
    if (missing) {
      const number = [...this.found.keys()].indexOf(missing) + 1;
      return { ...empty, outcome: "skipped", says: `Check ${number} did not pass.` };
    }
    try {
      return { ...empty, outcome: "passed", ...(await this[name]()) };
    } catch (error) {
      if (!isFinding(error)) throw error;
      const { code, position, message } = error;
      const outcome = error instanceof Refusal ? "failed" : "unverifiable";
      return { ...empty, outcome, code, position, says: sentence(message) };
    }
  }

  /** Ask of each; throw the first refusal, or else the first that is unknown, with its position. */
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
    const files = readZip(this.bytes);
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
    const { bodies, statements, files } = this.bundle;
    await this.eachEntry(async (entry, position) => {
      const salted = bodies.get(position - 1);
      if (!salted) return;
      await requireCommitted(entry, salted);
      this.events.push(decodeEvent(entry, position, salted));
    });
    this.requireBodies();
    this.requireDrafts(statements);
    await requireExhibits(files, this.events, statements);
    return {
      says: `${count(this.events.length, "event")} as the entries commit to, and files that follow.`,
      inputs: this.events.map(({ position, type }) => [`Position ${position}`, type]),
    };
  }

  requireBodies() {
    const { entries, bodies, mode } = this.bundle;
    const shown = new Set([...bodies.keys()].map((index) => entries.get(index).stream));
    for (const [index, { stream }] of inOrder(entries)) {
      if (bodies.has(index) || !(mode === "full" || shown.has(stream))) continue;
      throw new Unknown("body_missing", `the body of entry ${index} is not there`, index + 1);
    }
  }

  requireDrafts(statements) {
    const drafts = this.events.filter(({ type }) => type === "statement-drafted.v1");
    const drafted = new Set(drafts.map(({ stream }) => stream));
    for (const id of statements) {
      if (!drafted.has(id)) refuse("statement_unknown", `the statement ${id} is not in it`);
    }
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
      inputs: [...history.owners].map(([kid, { owner, key }]) => [
        `Key ${kid}`,
        `of ${owner}${key.revoked ? ", revoked later" : ""}`,
      ]),
    };
  }

  // --- 6 -------------------------------------------------------------------------------------

  async policy() {
    this.requireEverybody();
    for (const event of this.events) {
      await this.breathe();
      await this.decideAgain(event);
    }
    placed(this.auditor.position, () => this.auditor.finish());
    const { statements } = this.bundle;
    return {
      says: "Every decision, made again from its evidence, leads to the recorded event.",
      inputs: statements.map((id) => {
        const { status, approvals } = this.auditor.statements.get(id);
        return [`Statement ${id}`, `${status}, ${count(approvals.size, "approval")}`];
      }),
    };
  }

  async decideAgain(event) {
    try {
      await this.auditor.add(event);
    } catch (error) {
      if (!isFinding(error)) throw error;
      const isOpen = error.code === "statement_unknown" && this.bundle.mode !== "full";
      throw new (isOpen ? Unknown : Refusal)(error.code, error.message, event.position);
    }
  }

  /** Whether a rejection ends a statement depends on everybody who was there at its position. */
  requireEverybody() {
    const { entries, bodies } = this.bundle;
    const rejected = this.events.filter(({ type }) => type === "statement-rejected.v1");
    for (const [index, { type }] of inOrder(entries)) {
      if (type !== "user-registered.v1" || bodies.has(index)) continue;
      const behind = rejected.find(({ position }) => index < position);
      if (!behind) continue;
      const detail = `who registered in entry ${index} might still have approved`;
      throw new Unknown("body_missing", detail, behind.position);
    }
  }

  // --- 7 -------------------------------------------------------------------------------------

  async entries() {
    const { mode, entries, note, statements } = this.bundle;
    if (mode !== "statement") await this.requireTree();
    await this.eachEntry(({ raw, stream }, position) =>
      this.requireProof(raw, position - 1, mode === "statement" || statements.includes(stream)),
    );
    return {
      says: `${count(entries.size, "entry", "entries")} of ${note.size}, each where the tree has it.`,
      inputs: [["Root", hex(note.root)]],
    };
  }

  async requireProof(raw, index, isNeeded) {
    const { proofs, note } = this.bundle;
    const proof = proofs.get(index);
    if (!proof && !isNeeded) return;
    if (!proof) throw new Unknown("proof_missing", `the proof of entry ${index} is not there`);
    if (proof.index !== index || !equal(proof.note, note.raw)) {
      refuse("proof_mismatch", "a proof of another entry or checkpoint");
    }
    await verifyInclusion(await leafHash(raw), index, note.size, proof.hashes, note.root);
  }

  async requireTree() {
    const leaves = [];
    await this.eachEntry(async ({ raw }) => {
      leaves.push(await leafHash(raw));
    });
    await verifyTree(leaves, this.bundle.tiles, this.bundle.note.root);
  }

  // --- 8, 9 ----------------------------------------------------------------------------------

  async checkpoint() {
    const { note } = this.bundle;
    const own = this.events.filter(({ stream }) => stream === STREAM);
    const charter = own.reduce(evolveCharter, null);
    if (!charter) throw new Unknown("not_founded", "the founding of the ledger is not there");
    const keys = await Promise.all(logKeysAt(charter, note.size).map(({ vkey }) => parseVkey(vkey)));
    const { signers, unknown } = await verifyNote(note.raw, keys, charter.ledger);
    if (!signers.length) {
      throw new Unknown("algorithm_unknown", "this browser does not verify ML-DSA-44, and no other key signed");
    }
    this.signers = signers;
    const more = unknown.length ? " This browser does not verify the line of the ML-DSA-44 key." : "";
    const named = await Promise.all(signers.map(async (key) => [`${kindOf(key)} key`, await fingerprint(key)]));
    return {
      says: `Signed for ${note.size} entries with the announced ${signers.map(kindOf).join(" and ")} key.${more}`,
      inputs: [["Origin", note.origin], ...named],
    };
  }

  async ledger() {
    if (!this.expected.length) throw new Unknown("log_key_not_given", "no key was given to compare with");
    await requireExpected(this.expected, this.signers);
    return {
      says: `It is ${this.bundle.note.origin}, by the key that you gave.`,
      inputs: this.expected.map((name) => ["Expected", name]),
    };
  }
}

const kindOf = ({ kind }) => (kind === ED25519 ? "Ed25519" : "ML-DSA-44");

const sentence = (detail) => `${detail[0].toUpperCase()}${detail.slice(1)}.`;

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
