// Eight words for a digest, which two people read to each other by telephone: 11 bits a word.
// src/ledger/pages/spoken_words.py writes the same.

const ADDRESS = new URL("../../words.txt", import.meta.url);
const WORDS = 8;
const BITS = 11n;

let list;

/** Return the function that turns a digest (64 hex characters) into words; it fetches the list once. */
export async function speaker() {
  list ??= await fetch(ADDRESS).then((answer) => answer.text());
  const words = list.split("\n");
  return (digest) => {
    const first = BigInt(`0x${digest}`) >> (256n - BigInt(WORDS) * BITS);
    const parts = Array.from({ length: WORDS }, (_, n) => (first >> (BITS * BigInt(WORDS - 1 - n))) & 2047n);
    return parts.map((part) => words[part]).join(" ");
  };
}
