// Mirrors ledger.tlog.witness_policy: which witnesses must cosign a checkpoint (C2SP tlog-policy).
// A policy comes from the user: one in a bundle proves nothing, because its sender chose it.

import { equal } from "../encoding.js";
import { Refusal, refuse, Unknown } from "../errors.js";
import { parseNote, verifyLines, verifyNote } from "./checkpoint.js";
import { LOG_KINDS, parseKey, WITNESS_KINDS } from "./vkeys.js";

const MAX_POLICY_BYTES = 1024 * 1024;
const MAX_ITEMS = 256; // each: logs, witnesses, groups
const NONE = "none";
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const NUMBER = /^[1-9][0-9]{0,3}$/;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Return `{logs, witnesses, groups, quorum}` of a policy's bytes; refuse `policy_malformed`. */
export async function parsePolicy(raw) {
  if (raw.length > MAX_POLICY_BYTES) malformed(0, "over 1 MiB");
  // Bytes above ASCII are opaque: each is a character of its own, so that none is lost.
  const source = Array.from(raw, (byte) => String.fromCharCode(byte)).join("");
  const parser = new Parser();
  for (const [at, line] of source.split("\n").entries()) {
    if (CONTROL.test(line)) malformed(at + 1, "it contains a control character");
    const items = line.replace(/^[ \t]+|[ \t]+$/g, "").split(/[ \t]+/).map(readable);
    if (items[0] === "" || items[0].startsWith("#")) continue;
    await parser.add(at + 1, items);
  }
  if (parser.quorum === null) malformed(0, "the quorum line is missing");
  return parser;
}

/** Return a word whose characters are bytes as text; bytes that are no UTF-8 stay apart from any text. */
function readable(word) {
  try {
    return strictUtf8.decode(Uint8Array.from(word, (each) => each.charCodeAt(0)));
  } catch {
    return `\ufffd${word}`;
  }
}

/** The definitions so far: a group or the quorum may only refer to earlier lines. */
class Parser {
  logs = [];
  witnesses = [];
  groups = [];
  quorum = null;
  names = new Set();
  members = new Set();

  async add(number, [keyword, ...rest]) {
    const kinds = {
      log: [1, 2, this.logs, this.log],
      witness: [2, 3, this.witnesses, this.witness],
      group: [3, MAX_ITEMS * 2 + 2, this.groups, this.group],
      quorum: [1, 1, [], this.setQuorum],
    };
    if (!Object.hasOwn(kinds, keyword)) malformed(number, "the line must begin with log, witness, group or quorum");
    const [least, most, taken, take] = kinds[keyword];
    if (rest.length < least || rest.length > most || taken.length >= MAX_ITEMS) {
      malformed(number, `wrong number of words, or too many ${keyword} lines`);
    }
    try {
      await take.apply(this, rest);
    } catch (error) {
      if (error instanceof Refusal) malformed(number, error.message);
      throw error;
    }
  }

  async log(vkey) {
    const key = await parseKey(vkey, LOG_KINDS);
    this.requireNew(key, this.logs);
    this.logs.push({ key });
  }

  async witness(name, vkey) {
    const key = await parseKey(vkey, WITNESS_KINDS);
    this.requireNew(key, this.witnesses);
    this.define(name);
    this.witnesses.push({ name, key });
  }

  group(name, threshold, ...members) {
    if (!members.every((each) => this.names.has(each))) refuse("policy_malformed", "no earlier line defines this member");
    if (new Set(members).size !== members.length || members.some((each) => this.members.has(each))) {
      refuse("policy_malformed", "a name can be a member of one group only, once");
    }
    const counts = { any: 1, all: members.length };
    const count = Object.hasOwn(counts, threshold) ? counts[threshold] : NUMBER.test(threshold) && Number(threshold);
    if (!(count >= 1 && count <= members.length)) {
      refuse("policy_malformed", "a threshold must be any, all, or 1 to the number of members");
    }
    this.define(name);
    for (const each of members) this.members.add(each);
    this.groups.push({ name, threshold: count, members });
  }

  setQuorum(name) {
    if (this.quorum !== null || (name !== NONE && !this.names.has(name))) {
      refuse("policy_malformed", "there must be one quorum, defined on an earlier line");
    }
    this.quorum = name;
  }

  define(name) {
    if (name === NONE || this.names.has(name)) {
      refuse("policy_malformed", "a name can be defined only once, and never as none");
    }
    this.names.add(name);
  }

  requireNew(key, known) {
    // One key under two names would count twice; two keys with one name and id would be ambiguous.
    const is = (each) => equal(each.public, key.public) || (each.name === key.name && each.id === key.id);
    if (known.some((each) => is(each.key))) refuse("policy_malformed", "a key can occur only once in a policy");
  }
}

function malformed(number, detail) {
  refuse("policy_malformed", number ? `line ${number}: ${detail}` : detail);
}

/** Tell whether these witnesses meet the quorum of a policy. */
export function met({ groups, quorum }, cosigners) {
  const names = new Set([NONE, ...cosigners.map(({ name }) => name)]);
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => names.has(member)).length >= threshold) names.add(name);
  }
  return names.has(quorum);
}

/**
 * Return the witnesses that cosigned a checkpoint, each with its time in seconds. Refuse a false
 * line, or throw Unknown without the quorum.
 */
export async function verifyWitnessed(raw, policy, { expectedOrigin, logKeys = [] }) {
  const keys = [...logKeys, ...policy.logs.map(({ key }) => key)];
  await verifyNote(raw, keys.filter(({ name }) => name === expectedOrigin), expectedOrigin);
  const publics = policy.witnesses.map(({ key }) => key);
  const { times, unknown } = await verifyLines(parseNote(raw), publics);
  // A time of 0 means that the line states no time: it is not a witness's cosignature.
  const cosigners = policy.witnesses
    .filter(({ key }) => times.get(key))
    .map(({ name, key }) => ({ name, time: times.get(key) }));
  if (met(policy, cosigners)) return cosigners;
  if (unknown.length) throw new Unknown("algorithm_unknown", "this browser does not verify ML-DSA-44");
  const known = cosigners.map(({ name }) => name).join(", ") || "nobody";
  throw new Unknown("witnesses_missing", `cosigned by ${known}, which does not meet the quorum`);
}
