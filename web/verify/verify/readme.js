// Mirrors ledger.verify.readme: the sentences that say what a bundle does not prove.

import { MODE } from "./container.js";

const LIMITS = [
  "It does not prove that what the statement says is true.",
  "It does not prove who a person is beyond the name that they registered with.",
  "It does not prove when something happened: times are the ledger's own clock's.",
  "It does not prove that nobody was shown another log: compare checkpoints with others.",
  "It does not prove what happened after the checkpoint.",
];
const LIMIT_OF_STATEMENT =
  "That nothing was left out after the last decision, such as a key's revocation or a withdrawal, is the word of the ledger's heads key: a full bundle proves it.";

const LIMIT_OF_ROLES = "It shows roles as the log states them, without the changes that gave them.";
const BY_MODE = {
  [MODE.STATEMENT]: [LIMIT_OF_STATEMENT, LIMIT_OF_ROLES],
  [MODE.REDACTED]: [LIMIT_OF_ROLES],
};

/** Return what a bundle of this mode does not prove; `mode` is null if the bundle is unreadable. */
export const limits = (mode) => [...LIMITS, ...(BY_MODE[mode] ?? [])];
