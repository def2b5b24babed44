// Mirrors ledger.domain.entry: parses an entry of the log, which has one form, and checks that
// it commits to a body.

import { hex, sha256 } from "../../static/js/lib/digest.js";
import { utf8 } from "../encoding.js";
import { refuse } from "../errors.js";

export const SALT_BYTES = 32;
const MAX_ENTRY_BYTES = 65_535;
const PLAIN = "[ !#-\\[\\]-\\x7f]*"; // the ASCII that JSON does not escape
const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:[0-5]\\d\\.\\d{3}Z";
const NUMBER = "0|-?[1-9][0-9]{0,15}";
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ENTRY = new RegExp(
  `^\\{"at":"(${TIME})","body":\\{"sha256":"([0-9a-f]{64})"\\},"seq":(${NUMBER}),` +
    `"stream":"(${UUID})","type":"(${PLAIN})","v":1\\}$`,
);

/** Return an entry's members; refuse bytes that are not in RFC 8785 form. */
export function parseEntry(raw) {
  const match = ENTRY.exec(utf8(raw, "entry_malformed"));
  if (!match || raw.length > MAX_ENTRY_BYTES) {
    refuse("entry_malformed", "not an entry in its one form");
  }
  const [, at, digest, seq, stream, type] = match;
  const version = Number(seq);
  if (!Number.isSafeInteger(version)) refuse("entry_malformed", "a version is too large");
  return { raw, at, sha256: digest, version, stream, type };
}

/** Refuse a salted body (salt, then body) that the entry does not commit to. */
export async function requireCommitted(entry, salted) {
  if (entry.sha256 !== hex(await sha256(salted))) {
    refuse("body_mismatch", "a body is not the one its entry commits to");
  }
}
