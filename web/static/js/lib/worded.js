// Which words of a long text changed between two versions, as ledger.pages.worded finds them;
// tests/vectors/web/worded.json tests both.

const SHORT = 40;
const MOST_STEPS = 250_000;
const WORDS = /[ \t\n\r]+|[^ \t\n\r]+/g;

/** Return whether a row of differences.js has two texts, one long enough to look for words. */
export const hasWords = ({ before, after }) =>
  before.startsWith('"') && after.startsWith('"') && Math.max(before.length, after.length) > SHORT;

/** Return both texts in parts `[text, changed]`: what was removed from one, and added in the other. */
export function worded(before, after) {
  const [old, now] = [before, after].map((text) => text.match(WORDS) ?? []);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const inner = (words) => words.slice(head, words.length - tail);
  const kept = keptOf(inner(old), inner(now));
  return [old, now].map((words, side) => {
    const same = new Set(kept.map((places) => head + places[side]));
    return parts(words, (at) => at < head || at >= words.length - tail || same.has(at));
  });
}

function keptOf(old, now) {
  if (old.length * now.length > MOST_STEPS) return [];
  const longest = Array.from({ length: old.length + 1 }, () => new Array(now.length + 1).fill(0));
  for (let one = old.length - 1; one >= 0; one -= 1) {
    for (let other = now.length - 1; other >= 0; other -= 1) {
      longest[one][other] = old[one] === now[other]
        ? longest[one + 1][other + 1] + 1
        : Math.max(longest[one + 1][other], longest[one][other + 1]);
    }
  }
  const found = [];
  let [one, other] = [0, 0];
  while (one < old.length && other < now.length) {
    if (old[one] === now[other]) found.push([one++, other++]);
    else if (longest[one + 1][other] >= longest[one][other + 1]) one += 1;
    else other += 1;
  }
  return found;
}

function parts(words, isSame) {
  const runs = [];
  words.forEach((word, at) => {
    const changed = !isSame(at);
    if (runs.at(-1)?.[1] === changed) runs.at(-1)[0] += word;
    else runs.push([word, changed]);
  });
  return runs;
}
