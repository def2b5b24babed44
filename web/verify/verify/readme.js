// Mirrors ledger.verify.readme: the sentences that say what a bundle does not prove.

import { text } from "../../static/js/lib/texts.js";
import { MODE } from "./container.js";

const LIMITS = ["truth", "person", "time", "fork", "later"];
const BY_MODE = { [MODE.STATEMENT]: ["left-out", "roles"], [MODE.REDACTED]: ["roles"] };

/** Return what a bundle of this mode does not prove; `mode` is null if the bundle is unreadable. */
export const limits = (mode) => [...LIMITS, ...(BY_MODE[mode] ?? [])].map((name) => text(`verify.limits.${name}`));
