// Mirrors ledger.verify.report: the checks by name, their outcomes, the verdict, and the members of a
// report that every verifier has.

import { rfc3339 } from "../clock.js";

/** The checks, by name. */
export const CHECK = Object.freeze({
  READABLE: "readable",
  CONTENT: "content",
  SIGNATURES: "signatures",
  ATTESTATIONS: "attestations",
  KEYS: "keys",
  POLICY: "policy",
  ENTRIES: "entries",
  CHECKPOINT: "checkpoint",
  LEDGER: "ledger",
  HEADS: "heads",
  WITNESSES: "witnesses",
});

/** The names of the checks, in order, and which have to pass before each; `heads` in mode *statement* only,
 * `witnesses` with a policy only. */
export const CHECKS = Object.freeze([
  [CHECK.READABLE, []],
  [CHECK.CONTENT, [CHECK.READABLE]],
  [CHECK.SIGNATURES, [CHECK.CONTENT]],
  [CHECK.ATTESTATIONS, [CHECK.CONTENT]],
  [CHECK.KEYS, [CHECK.CONTENT]],
  [CHECK.POLICY, [CHECK.SIGNATURES, CHECK.ATTESTATIONS, CHECK.KEYS]],
  [CHECK.ENTRIES, [CHECK.READABLE]],
  [CHECK.CHECKPOINT, [CHECK.CONTENT]],
  [CHECK.LEDGER, [CHECK.CHECKPOINT]],
  [CHECK.HEADS, [CHECK.CONTENT]],
  [CHECK.WITNESSES, [CHECK.CHECKPOINT]],
]);

/** What a check finds. */
export const OUTCOME = Object.freeze({
  PASSED: "passed",
  FAILED: "failed",
  SKIPPED: "skipped",
  UNVERIFIABLE: "unverifiable",
});

/** What all checks lead to. */
export const VERDICT = Object.freeze({
  VERIFIED: "verified",
  CONSISTENT: "consistent",
  IN_QUESTION: "in_question",
  INVALID: "invalid",
  UNVERIFIABLE: "unverifiable",
});

/**
 * @typedef {object} Check
 * @property {string} name - one of CHECK
 * @property {string} outcome - one of OUTCOME
 * @property {string} says - one sentence, in English
 * @property {?function(): string} words - the same in the language of the page; null of a finding
 * @property {?string} code - of a failure, or of a missing verdict
 * @property {?number} position - of the event, where there is one
 * @property {function(): Array<[string, string]>} inputs - what the check looked at, in the language of the page
 */

/** Return the verdict of these checks, and of the statements that they show. */
export function verdictOf(checks, statements) {
  const open = checks.filter(({ outcome }) => outcome !== OUTCOME.PASSED);
  if (open.some(({ outcome }) => outcome === OUTCOME.FAILED)) return VERDICT.INVALID;
  // The ledger check alone needs a key from outside the bundle.
  if (!open.every(({ name }) => name === CHECK.LEDGER)) return VERDICT.UNVERIFIABLE;
  if (statements.some(({ inQuestion }) => inQuestion)) return VERDICT.IN_QUESTION;
  return open.length ? VERDICT.CONSISTENT : VERDICT.VERIFIED;
}

const pick = (names) => (value) => Object.fromEntries(names.map((name) => [name, value[name]]));
const ofReport = pick([
  "verdict",
  "mode",
  "ledger",
  "size",
  "root",
  "asOf",
  "companions",
  "logKeys",
  "existence",
]);
const ofCheck = pick(["name", "outcome", "says", "code", "position"]);
const ofStatement = pick([
  "id",
  "title",
  "status",
  "type",
  "inQuestion",
  "sha256",
  "creator",
  "draftedAt",
  "policy",
  "approvers",
  "decisions",
  "supersedes",
  "supersededBy",
  "usable",
  "uses",
  "usesVoid",
  "creatorAccount",
]);

/** Return the members of a report that every verifier has, and no others. */
export const contract = (report) => ({
  ...ofReport(report),
  checks: report.checks.map(ofCheck),
  statements: report.statements.map(ofStatement),
  heads: report.heads,
  restorations: report.restorations,
  doesNotProve: report.doesNotProve,
  requirements: [], // those of the options of `ledger verify`; this page has none
});

/** Return a restore as a report shows it: with sizes instead of trees. */
export function restorationOf({ epoch, kept, lost, origin, reason, at }) {
  const position = kept.size + 1;
  return { position, at, epoch, origin, kept: kept.size, lost: lost?.size ?? lost, reason };
}

/**
 * Return the log keys that signed, and by when the checkpoint existed: by the word of the witness that
 * cosigned first, else of the ledger alone.
 */
export function proofOf(signers, cosigners, origin, newest) {
  const logKeys = signers.map(({ vkey }) => vkey);
  if (!signers.length) return { logKeys, existence: null };
  const [first] = cosigners.toSorted((a, b) => a.time - b.time);
  const own = { at: newest, source: "ledger", by: origin };
  return { logKeys, existence: first ? { at: rfc3339(first.time), source: "cosignature", by: first.name } : own };
}
