// Mirrors ledger.verify.layered_report: one conclusion, every check, all inputs by SHA-256.

import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { canonical } from "../encoding.js";
import { isFinding } from "../errors.js";
import { VERSION } from "../version.js";
import { parseContainer } from "./container.js";
import { indicated } from "./indications.js";
import { contract, OUTCOME } from "./report.js";

const NOTICES = [
  "The indication is mapped to those of ETSI EN 319 102-1 for comparison, and no more: the evidence was not validated by that standard.",
  "Everything is as of the checkpoint. A key without a revocation in the evidence may have been revoked later: nothing here says that it was not.",
];
const RESULTS = {
  [OUTCOME.PASSED]: "PASSED",
  [OUTCOME.FAILED]: "FAILED",
  [OUTCOME.UNVERIFIABLE]: "INDETERMINATE",
  [OUTCOME.SKIPPED]: "INDETERMINATE",
};

/** Return a report in layers; `inputs` are those of `inputsOf`. */
export function layered(whole, inputs) {
  const report = contract(whole);
  return {
    conclusion: indicated(report),
    notices: NOTICES,
    ledger: report.ledger,
    size: report.size,
    root: report.root,
    asOf: report.asOf,
    existence: report.existence,
    statements: report.statements,
    requirements: report.requirements,
    restorations: report.restorations,
    heads: report.heads,
    checks: report.checks.map(({ name, outcome, says, code, position }) => ({
      id: name,
      result: RESULTS[outcome],
      says,
      code,
      positions: position === null ? [] : [position],
    })),
    doesNotProve: report.doesNotProve,
    companions: report.companions,
    logKeys: report.logKeys,
    signingKeys: reliedOn(report.statements),
    inputs,
    format: "ledger-report/1",
  };
}

/** Return each key that decided, once: `none-seen` does not say that it was not revoked later. */
function reliedOn(statements) {
  const found = new Map();
  for (const { kid, user, keyRevoked } of statements.flatMap(({ decisions }) => decisions)) {
    if (!found.has(kid)) found.set(kid, { kid, user, revocation: keyRevoked ? "revoked" : "none-seen" });
  }
  return [...found.values()];
}

/** Return what a verification in this page rested on; the page has the expected keys and a policy. */
export async function inputsOf(bytes, { name, sha256, at, expected, policyText = "" }) {
  const options = {
    acceptIndividual: false,
    allKeys: false,
    digest: null,
    entry: null,
    keys: expected,
    newerThan: null,
    nonce: null,
    policy: policyText.trim() ? await sha256Hex(bytesOf(policyText)) : null,
    require: null,
    restored: null,
    tsaCertificates: null,
    type: null,
    used: null,
  };
  return {
    verifier: "offline page",
    version: VERSION,
    verifiedAt: at,
    evidence: { name, sha256 },
    files: await filesOf(bytes),
    options,
    policySha256: await sha256Hex(bytesOf(canonical(options))),
  };
}

/** Return the files of a bundle by name; none of a container that is damaged. */
async function filesOf(bytes) {
  try {
    const files = [...parseContainer(bytes)].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.all(files.map(async ([name, content]) => ({ name, sha256: await sha256Hex(content) })));
  } catch (error) {
    if (!isFinding(error)) throw error;
    return [];
  }
}
