// Entries of the log: their one form, and the bodies that they commit to.

import { hex, sha256 } from "../static/js/lib/digest.js";
import { utf8 } from "./bytes.js";
import { refuse } from "./fault.js";

export const SALT_BYTES = 32;
const MAX_ENTRY_BYTES = 65_535;
const PLAIN = "[ !#-\\[\\]-\\x7f]*"; // ASCII that JSON writes as it is
const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:[0-5]\\d\\.\\d{3}Z";
const NUMBER = "0|-?[1-9][0-9]{0,14}";
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ENTRY = new RegExp(
  `^\\{"at":"(${TIME})","body":\\{"len":(${NUMBER}),"sha256":"([0-9a-f]{64})"\\},` +
    `"seq":(${NUMBER}),"stream":"(${UUID})","type":"(${PLAIN})","v":1\\}$`,
);

/** Return an entry's members; refuse every spelling but its RFC 8785 form. */
export function parseEntry(raw) {
  const match = ENTRY.exec(utf8(raw, "entry_malformed"));
  if (!match || raw.length > MAX_ENTRY_BYTES) {
    refuse("entry_malformed", "not an entry in its one form");
  }
  const [, at, length, sha, version, stream, type] = match;
  return { raw, at, length: Number(length), sha256: sha, version: Number(version), stream, type };
}

/** Refuse a body, given behind its salt, that is not the one that the entry commits to. */
export async function requireCommitted(entry, salted) {
  const digest = hex(await sha256(salted));
  if (entry.length !== salted.length - SALT_BYTES || entry.sha256 !== digest) {
    refuse("body_mismatch", "a body is not the one its entry commits to");
  }
}

/** Return the entries of a bundle tile, each behind its length in two bytes. */
export function splitEntries(tile) {
  const entries = [];
  let at = 0;
  while (at < tile.length) {
    const end = at + 2 + tile[at] * 256 + tile[at + 1];
    if (!(end <= tile.length)) refuse("entry_bundle_malformed", "a bundle of entries was cut");
    entries.push(tile.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
