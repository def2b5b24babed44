// Mirrors ledger.timestamp.der: a reader for the subset of DER that time-stamps use.

import { refuse } from "../errors.js";

export const TAG = Object.freeze({
  INTEGER: 0x02, OCTETS: 0x04, OID: 0x06, TIME: 0x18, SEQUENCE: 0x30, SET: 0x31, BOOLEAN: 0x01, CONTEXT: 0xa0,
});

/** Reads a sequence of values; refuses what is not DER with `stamp_malformed`. */
export class DerReader {
  #raw;
  #place = 0;

  constructor(raw) {
    this.#raw = raw;
  }

  get isAtEnd() {
    return this.#place === this.#raw.length;
  }

  finish() {
    if (!this.isAtEnd) malformed("it has trailing bytes");
  }

  isNext(tag) {
    return this.#raw[this.#place] === tag;
  }

  /** Return the content of the next value, which must have this tag. */
  read(tag) {
    const raw = this.#raw;
    if (!this.isNext(tag) || this.#place + 2 > raw.length) malformed("a value is missing");
    let length = raw[this.#place + 1];
    let start = this.#place + 2;
    if (length & 0x80) {
      const digits = raw.subarray(start, start + (length & 0x7f));
      start += length & 0x7f;
      length = digits.reduce((value, digit) => value * 256 + digit, 0);
      // 0x80 alone would be BER's indefinite length.
      if (digits.length < 1 || digits.length > 4 || digits[0] === 0 || length < 0x80) malformed("a length is not DER");
    }
    if (start + length > raw.length) malformed("it is truncated");
    this.#place = start + length;
    return raw.subarray(start, start + length);
  }

  enter(tag) {
    return new DerReader(this.read(tag));
  }

  skip(tag) {
    if (this.isNext(tag)) this.read(tag);
  }

  /** Return the content of the next value, which must be an INTEGER in its shortest form. */
  integer() {
    const content = this.read(TAG.INTEGER);
    const [first, second] = content;
    const isLong = content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (!content.length || isLong) malformed("an INTEGER is invalid");
    return content;
  }
}

export const malformed = (detail) => refuse("stamp_malformed", `not a DER time-stamp: ${detail}`);
