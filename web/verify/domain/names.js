// Mirrors ledger.domain.names: the one form in which a name is written.

import { length } from "../encoding.js";
import { refuse } from "../errors.js";
import { requireText } from "./text.js";

const MAX_NAME_CHARS = 100;

/** Refuse a name that is not in its one form. */
export function requireName(name) {
  if (!name || length(name) > MAX_NAME_CHARS) {
    refuse("name_invalid", `a name has 1 to ${MAX_NAME_CHARS} characters`);
  }
  requireText(name, "name");
  if (/^ | $| {2}/.test(name)) {
    refuse("name_invalid", "a name has single spaces, between words only");
  }
  if (/[\p{Zs}\p{Co}]/u.test(name.replaceAll(" ", ""))) {
    refuse("name_invalid", "a name has no other space, and no private character");
  }
  if (name.normalize("NFC") !== name) {
    refuse("name_invalid", "a name is in Unicode Normalization Form C");
  }
}
