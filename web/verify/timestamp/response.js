// Mirrors ledger.timestamp.response: the time that a time-stamp claims. This page verifies no stamp.

import { isFinding, refuse } from "../errors.js";
import { DerReader, malformed, TAG } from "./der.js";

const MAX_STAMP_BYTES = 64 * 1024;
const SIGNED_DATA = "2a864886f70d010702";
const TST_INFO = "2a864886f70d0109100104";
const hex = (bytes) => [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");

/** Return the time that a response claims, to the millisecond, null for one that cannot be read. */
export function claimedTime(response) {
  try {
    return timeOf(contentOf(response));
  } catch (error) {
    if (isFinding(error)) return null;
    throw error;
  }
}

/** Return the signed content of a response. */
function contentOf(response) {
  if (response.length > MAX_STAMP_BYTES) malformed("the response has over 64 KiB");
  const outer = new DerReader(response);
  const answer = outer.enter(TAG.SEQUENCE);
  outer.finish();
  if (!["00", "01"].includes(hex(answer.enter(TAG.SEQUENCE).integer()))) {
    refuse("stamp_not_granted", "the authority rejected the request");
  }
  const token = answer.enter(TAG.SEQUENCE);
  answer.finish();
  if (hex(token.read(TAG.OID)) !== SIGNED_DATA) malformed("the token is not SignedData");
  const signed = token.enter(TAG.CONTEXT).enter(TAG.SEQUENCE);
  signed.integer();
  signed.read(TAG.SET);
  const content = signed.enter(TAG.SEQUENCE);
  if (hex(content.read(TAG.OID)) !== TST_INFO) malformed("the content is not a time-stamp");
  const info = content.enter(TAG.CONTEXT).read(TAG.OCTETS);
  if (signed.isNext(TAG.CONTEXT)) {
    const certificates = signed.enter(TAG.CONTEXT);
    while (!certificates.isAtEnd) certificates.read(TAG.SEQUENCE);
  }
  signed.skip(TAG.CONTEXT + 1);
  const signers = signed.enter(TAG.SET);
  const signer = signers.enter(TAG.SEQUENCE);
  signers.finish(); // RFC 3161 section 2.4.2: exactly one signature, the authority's
  signer.integer();
  const who = signer.enter(TAG.SEQUENCE);
  who.read(TAG.SEQUENCE);
  who.integer();
  signer.enter(TAG.SEQUENCE).read(TAG.OID);
  signer.read(TAG.CONTEXT);
  signer.enter(TAG.SEQUENCE).read(TAG.OID);
  signer.read(TAG.OCTETS);
  return info;
}

/** Return the time in a TSTInfo; null before 1970. */
function timeOf(raw) {
  const outer = new DerReader(raw);
  const info = outer.enter(TAG.SEQUENCE);
  outer.finish();
  if (hex(info.integer()) !== "01") malformed("the version is not supported");
  info.read(TAG.OID); // the authority's policy
  const imprint = info.enter(TAG.SEQUENCE);
  imprint.enter(TAG.SEQUENCE).read(TAG.OID);
  imprint.read(TAG.OCTETS);
  info.integer(); // the serial number
  const text = String.fromCharCode(...info.read(TAG.TIME));
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,8}[1-9]))?Z$/.exec(text);
  if (found === null || found[0].length !== text.length) malformed("a time must have the form YYYYMMDDhhmmss[.f]Z");
  info.skip(TAG.SEQUENCE); // the accuracy
  info.skip(TAG.BOOLEAN); // whether stamps are ordered
  if (info.isNext(TAG.INTEGER)) info.integer(); // the nonce
  const [, year, month, day, hour, minute, second, part = ""] = found;
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.${part.padEnd(3, "0").slice(0, 3)}Z`;
  const at = new Date(time);
  // Date accepts 30 February and hour 24, and returns another text for them.
  if (Number.isNaN(Number(at)) || at.toISOString() !== time) malformed("the time does not exist");
  return at < 0 ? null : time;
}
