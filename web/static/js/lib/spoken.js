// Eight words for a digest, 11 bits each; src/ledger/pages/spoken_words.py writes the same.

const ADDRESS = new URL("../../words.txt", import.meta.url);
let list;

/** Return the function that turns a digest (64 hex characters) into words. */
export async function speaker() {
  list ??= await fetch(ADDRESS).then((answer) => answer.text());
  const words = list.split("\n");
  const word = (first, n) => words[(first >> BigInt(77 - 11 * n)) & 2047n];
  return (digest) => {
    const first = BigInt(`0x${digest}`) >> 168n; // 88 of 256 bits
    return Array.from({ length: 8 }, (_, n) => word(first, n)).join(" ");
  };
}
