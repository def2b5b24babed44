// The nine checks of a bundle, in the order of docs/reference/evidence.md, and none of them skipped
// but for one that it needs. Nothing here touches the page or the network.

import { equal } from "./bytes.js";
import { Auditor } from "./auditor.js";
import { evolveCharter, logKeysAt, STREAM } from "./charter.js";
import { inOrder, readBundle, readManifest, tilePath, tilesOf } from "./bundle.js";
import { decodeBody } from "./events.js";
import { requireCommitted, SALT_BYTES } from "./entries.js";
import { exhibits, isExhibit } from "./exhibits.js";
import { refuse, Refusal, Unknown } from "./fault.js";
import { fingerprint, parseVkey, verifyNote } from "./note.js";
import { Attestations, KeyHistory, keysOf, verifySignature } from "./signing.js";
import { leafHash, rootOf, verifyInclusion } from "./tree.js";
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
  /** `expectedKey` is a vkey or a fingerprint, or empty; `breathe` is awaited often. */
  constructor(bytes, { expectedKey = "", breathe = async () => {} } = {}) {
    this.bytes = bytes;
    this.expectedKey = expectedKey;
    this.breathe = breathe;
    this.outcomes = [];
    this.bundle = null;
    this.events = [];
    this.auditor = new Auditor();
    this.signers = [];
  }

  /** Make every check; return `[{name, outcome, says, code, position, inputs}]`. */
  async run() {
    for (const [name, needs] of CHECKS) {
      await this.breathe(name);
      this.outcomes.push(await this.make(name, needs));
    }
    return this.outcomes;
  }

  async make(name, needs) {
    const found = { name, code: null, position: null, inputs: [] };
    const missing = needs.find((need) => this.outcomeOf(need) !== "passed");
    if (missing) return { ...found, outcome: "skipped", says: `not made, because “${missing}” did not pass` };
    try {
      return { ...found, outcome: "passed", ...(await this[name]()) };
    } catch (error) {
      const known = error instanceof Refusal || error instanceof Unknown;
      if (!known) throw error;
      const outcome = error instanceof Refusal ? "failed" : "unverifiable";
      const { code, position } = error;
      return { ...found, outcome, says: error.message, code, position };
    }
  }

  outcomeOf(name) {
    return this.outcomes.find((each) => each.name === name)?.outcome;
  }

  /** Do something for each event; a failure there has its position, and comes before what is unknown. */
  async each(items, ask) {
    let unknown = null;
    let count = 0;
    for (const [position, item] of items) {
      await this.breathe();
      try {
        if (await ask(item, position)) count += 1;
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof Unknown)) throw error;
        error.position ??= position;
        if (error instanceof Refusal) throw error;
        unknown ??= error;
      }
    }
    if (unknown) throw unknown;
    return count;
  }

  placed() {
    return this.events.map((event) => [event.position, event]);
  }

  async readable() {
    const files = readZip(this.bytes);
    const manifest = await readManifest(files, this.breathe);
    this.bundle = await readBundle(files, manifest, this.breathe);
    const { mode, entries, note } = this.bundle;
    return {
      says: `${files.size} files are what the manifest says, and ${entries.size} entries are in their one form`,
      inputs: [
        ["Mode", mode],
        ["Files", String(files.size)],
        ["Entries", `${entries.size} of ${note.size}`],
        ["Bytes", String(this.bytes.length)],
      ],
    };
  }

  async content() {
    const { entries, bodies, statements, files } = this.bundle;
    await this.each(this.entriesAt(), async (entry, position) => {
      const salted = bodies.get(position - 1);
      if (!salted) return;
      await requireCommitted(entry, salted);
      this.events.push(decodeEvent(entry, position, salted));
    });
    this.requireBodies(entries, bodies);
    await this.requireExhibits(files, await exhibits(this.events, statements));
    return {
      says: `${this.events.length} bodies are the ones that their entries commit to`,
      inputs: this.events.map(({ position, type }) => [`Position ${position}`, type]),
    };
  }

  entriesAt() {
    return inOrder(this.bundle.entries).map(([index, entry]) => [index + 1, entry]);
  }

  requireBodies(entries, bodies) {
    const shown = new Set(this.events.map(({ stream }) => stream));
    for (const [index, { stream }] of inOrder(entries)) {
      if (shown.has(stream) && !bodies.has(index)) {
        throw new Unknown("a body is missing; it may have been erased", "body_missing", index + 1);
      }
    }
  }

  async requireExhibits(files, expected) {
    const names = new Set([...expected.keys(), ...[...files.keys()].filter(isExhibit)]);
    for (const name of [...names].sort()) {
      const [shown, follows] = [files.get(name), expected.get(name)];
      if (!shown || !follows || !equal(shown, follows)) {
        refuse("exhibit_mismatch", `${name} is not what the events say`);
      }
    }
  }

  async signatures() {
    const keys = await keysOf(this.events);
    const { mode } = this.bundle;
    const signed = await this.each(this.placed(), (event) => verifySignature(event, keys, mode));
    return {
      says: `${signed} signatures verify under the keys that they name`,
      inputs: [...keys].map(([kid, { kty, crv, alg }]) => [`Key ${kid}`, crv ?? alg ?? kty]),
    };
  }

  async attestations() {
    const attestations = new Attestations();
    const shown = await this.each(this.placed(), (event) => attestations.add(event));
    const { party } = attestations.charter ?? {};
    return {
      says: `${shown} passkeys and attestations of signing keys verify`,
      inputs: party ? [["Relying party", party.rpId], ["Origin", party.origin]] : [],
    };
  }

  async keys() {
    const history = new KeyHistory(this.bundle.mode);
    const used = await this.each(this.placed(), (event) => history.add(event));
    return {
      says: `${used} times a key was used, it was its owner’s and in force`,
      inputs: [...history.keys].map(([kid, { owner, revoked }]) => [
        `Key ${kid}`,
        `of ${owner}${revoked ? ", revoked later" : ""}`,
      ]),
    };
  }

  async policy() {
    await this.each(this.placed(), (event) => this.decideAgain(event));
    this.auditor.finish();
    return { says: `${this.events.length} decisions lead to the recorded events again` };
  }

  async decideAgain(event) {
    try {
      if (event.type === "statement-rejected.v1") this.requirePeople(event.position);
      await this.auditor.add(event);
    } catch (error) {
      const left = error.code === "statement_unknown" && this.bundle.mode !== "full";
      throw left ? new Unknown(error.message, error.code) : error;
    }
  }

  /** Whether a policy can still be met is decided on everybody: nobody may be left out. */
  requirePeople(position) {
    const { entries, bodies, mode } = this.bundle;
    for (const [index, { type }] of inOrder(entries)) {
      if (index >= position || bodies.has(index) || !/^(?:user|role)-/.test(type)) continue;
      const detail = "a rejection depends on people whose events are left out";
      if (mode === "full") refuse("body_missing", detail);
      throw new Unknown(detail, "body_missing");
    }
  }

  async entries() {
    const { mode, entries, proofs, note } = this.bundle;
    if (mode === "statement") {
      await this.each(this.entriesAt(), (entry, position) => this.requireProof(entry, position - 1));
    } else {
      await this.requireTree();
      const proved = inOrder(proofs).map(([index]) => [index + 1, entries.get(index)]);
      await this.each(proved, (entry, position) => this.requireProof(entry, position - 1));
    }
    const how = mode === "statement" ? "a proof for each" : "the whole tree computed";
    return {
      says: `${entries.size} entries stand in the tree of the checkpoint (${how})`,
      inputs: [
        ["Size", String(note.size)],
        ["Root", this.rootText()],
      ],
    };
  }

  async requireProof({ raw }, index) {
    const { proofs, note } = this.bundle;
    const proof = proofs.get(index);
    if (!proof) throw new Unknown("the proof of an entry is missing", "proof_missing");
    if (proof.index !== index || !equal(proof.note, note.raw)) {
      refuse("proof_mismatch", "a proof of another entry, or in another tree");
    }
    await verifyInclusion(await leafHash(raw), index, note.size, proof.hashes, note.root);
    return true;
  }

  async requireTree() {
    const { entries, note, files } = this.bundle;
    const leaves = [];
    await this.each(this.entriesAt(), async ({ raw }) => void leaves.push(await leafHash(raw)));
    if (leaves.length !== note.size || !equal(await rootOf(leaves), note.root)) {
      refuse("root_mismatch", "the entries make another tree than the checkpoint’s");
    }
    await this.requireTiles(leaves, files);
    return entries.size;
  }

  async requireTiles(leaves, files) {
    let row = leaves;
    let level = 0;
    for (const [at, n, width] of tilesOf(leaves.length)) {
      if (at > level) {
        row = await tops(row);
        level = at;
      }
      const raw = files.get(`tile/${at}/${tilePath(n, width)}`);
      const hashes = row.slice(n * 256, n * 256 + width);
      if (raw.length !== width * 32 || !hashes.every((hash, i) => equal(hash, raw.subarray(i * 32, i * 32 + 32)))) {
        refuse("tile_mismatch", "a tile has other hashes than the entries");
      }
    }
  }

  async checkpoint() {
    const { note } = this.bundle;
    const own = this.events.filter(({ stream }) => stream === STREAM);
    const charter = own.reduce(evolveCharter, null);
    if (!charter) throw new Unknown("the ledger’s own events are missing", "not_founded");
    const keys = await Promise.all(logKeysAt(charter, note.size).map(({ vkey }) => parseVkey(vkey)));
    const { signers, unknown } = await verifyNote(note.raw, keys, charter.ledger);
    if (!signers.length) throw new Unknown("this browser does not verify ML-DSA-44, and no other key signed");
    this.signers = signers;
    const passed = unknown.length ? "; a second one is of ML-DSA-44, which this browser does not verify" : "";
    return {
      says: `the checkpoint is signed by ${signers.length} of the keys that the ledger announced${passed}`,
      inputs: [["Origin", note.origin], ...(await described(signers))],
    };
  }

  async ledger() {
    const expected = this.expectedKey.trim();
    if (!expected) throw new Unknown("you gave no key to compare with", "log_key_not_given");
    const names = await Promise.all(this.signers.map(async (key) => [key.vkey, await fingerprint(key)]));
    const given = expected.includes("+") ? (await parseVkey(expected)).vkey : plainHex(expected);
    if (!names.flat().includes(given)) {
      refuse("ledger_unexpected", "the checkpoint is signed by another key than the one you expect");
    }
    return { says: "the checkpoint is signed by the key that you expect", inputs: [["Expected", expected]] };
  }

  rootText() {
    return Array.from(this.bundle.note.root, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

function decodeEvent({ type, at, stream, version }, position, salted) {
  try {
    return { position, type, at, stream, version, body: decodeBody(type, salted.subarray(SALT_BYTES)) };
  } catch (error) {
    if (error.code !== "event_unknown") throw error;
    throw new Unknown(error.message, error.code);
  }
}

/** Return the roots over each full 256 of a row. */
function tops(row) {
  const full = Math.floor(row.length / 256);
  return Promise.all(Array.from({ length: full }, (_, n) => rootOf(row.slice(n * 256, n * 256 + 256))));
}

const plainHex = (text) => text.toLowerCase().replace(/[\s:]/g, "");

async function described(keys) {
  const named = keys.map(async (key) => [key.kind === 1 ? "Ed25519 key" : "ML-DSA-44 key", await fingerprint(key)]);
  return Promise.all(named);
}
