// Mirrors ledger.verify.indications: a verdict as an indication of ETSI EN 319 102-1, mapped and no more.

import { STATUS } from "../domain/vocabulary.js";
import { CHECK, OUTCOME, VERDICT } from "./report.js";

const PASSED = "TOTAL-PASSED";
const FAILED = "TOTAL-FAILED";
const INDETERMINATE = "INDETERMINATE";
const CRYPTO = "SIG_CRYPTO_FAILURE";
const CONSTRAINTS = "SIG_CONSTRAINTS_FAILURE";

// Of a failed check: by its code if the code says more than its name.
const FAILED_CODES = { key_revoked: "REVOKED", key_expired: "EXPIRED" };
const FAILED_CHECKS = {
  [CHECK.READABLE]: "FORMAT_FAILURE",
  [CHECK.CONTENT]: "HASH_FAILURE",
  [CHECK.SIGNATURES]: CRYPTO,
  [CHECK.ATTESTATIONS]: CRYPTO,
  [CHECK.ENTRIES]: "HASH_FAILURE",
  [CHECK.CHECKPOINT]: CRYPTO,
  [CHECK.HEADS]: CRYPTO,
  witnesses: CRYPTO,
  time: CRYPTO,
};
// Of a check that could not be decided; any other code says that something is missing.
const OPEN_CODES = {
  log_key_not_given: "NO_SIGNING_CERTIFICATE_FOUND",
  log_key_unsigned: CONSTRAINTS,
  witnesses_missing: CONSTRAINTS,
  stamp_missing: "NO_POE",
  stamp_unsupported: "CRYPTO_CONSTRAINTS_FAILURE",
  algorithm_unknown: "CRYPTO_CONSTRAINTS_FAILURE",
  heads_missing: "TRY_LATER",
  receipt_outdated: "TRY_LATER",
};

const made = (indication, subIndication, sentence) => ({ indication, subIndication, sentence });
const own = (table, name) => (Object.hasOwn(table, name ?? "") ? table[name] : null);

/** Return `{indication, subIndication, sentence}` of a report. */
export function indicated(report) {
  const { verdict, checks } = report;
  if (verdict === VERDICT.INVALID) {
    const { name, code, says } = checks.find(({ outcome }) => outcome === OUTCOME.FAILED);
    const sub = own(FAILED_CODES, code) ?? own(FAILED_CHECKS, name);
    return made(FAILED, sub, `The check ${name} failed: ${says}`);
  }
  if (verdict === VERDICT.UNVERIFIABLE) {
    const { name, code, says } = checks.find(
      (check) => check.outcome === OUTCOME.UNVERIFIABLE && check.name !== CHECK.LEDGER,
    );
    const sub = own(OPEN_CODES, code) ?? "SIGNED_DATA_NOT_FOUND";
    return made(INDETERMINATE, sub, `The check ${name} cannot be decided: ${says}`);
  }
  if (verdict === VERDICT.CONSISTENT) {
    const told = "All is consistent, but no key was given that says whose ledger it is.";
    return made(INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND", told);
  }
  if (verdict === VERDICT.IN_QUESTION) {
    const told = "A statement is approved only with a decision that is in question.";
    return made(INDETERMINATE, "REVOKED_NO_POE", told);
  }
  return verified(report);
}

/** Return the indication of valid evidence: it may show something else than was required. */
function verified({ checks, statements, requirements }) {
  const unmet = requirements.filter(({ met }) => !met);
  const refused = unmet.find(({ undecided }) => !undecided);
  if (refused) {
    return made(INDETERMINATE, CONSTRAINTS, `The checks passed, but --${refused.name} is not met: ${refused.says}`);
  }
  const waiting = statements.filter(({ status }) => status !== STATUS.APPROVED);
  if (waiting.length) {
    const count = `${waiting.length} of ${statements.length} statements ${waiting.length === 1 ? "is" : "are"}`;
    return made(INDETERMINATE, CONSTRAINTS, `The checks passed, but ${count} not approved (${waiting[0].status}).`);
  }
  if (unmet.length) {
    const [{ name, says }] = unmet;
    return made(INDETERMINATE, "TRY_LATER", `The checks passed, but --${name} needs newer evidence: ${says}`);
  }
  const shown = statements.length ? " and every statement is approved" : "";
  return made(PASSED, null, `All ${checks.length} checks passed${shown}.`);
}
