// Recovery codes as people read and type them: Crockford's base32, in groups. A code is a secret of
// 16 bytes, like that of a link; docs/reference/formats.md has both forms.

import { Told } from "./dom.js";
import { text } from "./texts.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BYTES = 16;
const CHARS = 26; // of 5 bits each; the last two bits are 0
const COUNT = 10;

/** Return the secrets of a new set of codes. */
export const newSecrets = () =>
  Array.from({ length: COUNT }, () => crypto.getRandomValues(new Uint8Array(BYTES)));

/** Return a secret as a code: `7Q2MX-…`. */
export function codeOf(secret) {
  let number = secret.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n) << 2n;
  let code = "";
  for (let n = 0; n < CHARS; n += 1) {
    code = ALPHABET[Number(number & 31n)] + code;
    number >>= 5n;
  }
  return code.replace(/(.{5})(?=.{5})/g, "$1-");
}

/** Return the secret of a code as somebody typed it; throw Told for what is no code. */
export function secretOf(typed) {
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  const digits = [...code].map((char) => ALPHABET.indexOf(char));
  const number = digits.reduce((all, digit) => (all << 5n) | BigInt(digit), 0n);
  if (digits.length !== CHARS || digits.includes(-1) || number & 3n) {
    throw new Told(text("codes.invalid"));
  }
  return Uint8Array.from({ length: BYTES }, (_, n) => Number((number >> BigInt(122 - 8 * n)) & 255n));
}
