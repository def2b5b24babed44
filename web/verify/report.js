// What a verification comes to: the verdict, the statements, and what it does not prove.

import { toBase64 } from "./bytes.js";
import { statusAt } from "./statement.js";
import { Verification } from "./checks.js";

const DECISIONS = {
  "statement-signed.v1": "approval",
  "statement-rejected.v1": "rejection",
  "statement-withdrawn.v1": "withdrawal",
};

// The sentences of src/ledger/verify/readme.py.
const LIMITS = [
  "It does not prove that what the statement says is true.",
  "It does not prove who a person is beyond the name that they registered with.",
  "It does not prove when something happened: times are the ledger's own clock's.",
  "It does not prove that nobody was shown another log: compare checkpoints with others.",
  "It does not prove what happened after the checkpoint.",
];
const LIMIT_OF_STATEMENT =
  "It does not prove that nothing was left out: a later event could be missing, such as a key's revocation.";

/** Verify a bundle; return the report of docs/reference/evidence.md, each check with its inputs. */
export async function verifyBundle(bytes, { nowMs, ...options }) {
  const verification = new Verification(bytes, options);
  const checks = await verification.run();
  const { bundle, events, auditor } = verification;
  const decided = checks.slice(0, 6).every(({ outcome }) => outcome === "passed");
  return {
    verdict: verdictOf(checks),
    mode: bundle?.mode ?? null,
    ledger: bundle?.note.origin ?? null,
    size: bundle?.note.size ?? null,
    root: bundle ? toBase64(bundle.note.root) : null,
    checks,
    statements: decided ? shownOf(bundle.statements, events, auditor, nowMs) : [],
    notLookedAt: ["checkpoint.tsr", "policy"].filter((name) => bundle?.files.has(name)),
    doesNotProve: bundle?.mode === "statement" ? [...LIMITS, LIMIT_OF_STATEMENT] : LIMITS,
  };
}

const pick = (names) => (value) => Object.fromEntries(names.map((name) => [name, value[name]]));
const ofReport = pick(["verdict", "mode", "ledger", "size", "root"]);
const ofCheck = pick(["name", "outcome", "says", "code", "position"]);
const ofStatement = pick(["id", "title", "status", "approvers", "decisions"]);

/** Return the members of a report that every verifier has, and no others. */
export const contract = (report) => ({
  ...ofReport(report),
  checks: report.checks.map(ofCheck),
  statements: report.statements.map(ofStatement),
  doesNotProve: report.doesNotProve,
});

function verdictOf(checks) {
  const outcomes = checks.map(({ outcome }) => outcome);
  if (outcomes.includes("failed")) return "invalid";
  if (outcomes.every((outcome) => outcome === "passed")) return "verified";
  return outcomes.slice(0, 8).every((outcome) => outcome === "passed") ? "consistent" : "unverifiable";
}

function shownOf(ids, events, auditor, nowMs) {
  const mine = new Map(ids.map((id) => [id, []]));
  for (const event of events) mine.get(event.stream)?.push(event);
  return ids.map((id) => shown(id, mine.get(id), auditor, nowMs));
}

function shown(id, mine, { statements, people }, nowMs) {
  const statement = statements.get(id);
  const person = (user) => ({ user, name: people.get(user).name });
  return {
    id,
    title: statement.title,
    status: statusAt(statement, nowMs),
    approvers: [...statement.approvals.keys()].map(person),
    decisions: mine.filter(({ type }) => type in DECISIONS).map(({ position, at, type, body }) => ({
      position,
      at,
      ...person(body.signer),
      decision: DECISIONS[type],
      kid: body.kid,
    })),
    sha256: statement.sha256,
    policy: statement.policy,
    names: Object.fromEntries([...people].map(([user, { name }]) => [user, name])),
    creator: person(statement.creator),
    draftedAt: mine[0].at,
    document: mine[0].body.document,
  };
}
