// Mirrors ledger.domain.text: which code points titles, names and reasons may have.
// tests/vectors/text holds both.

import { refuse } from "../errors.js";
import { NEWER, REFUSED } from "./code_points.js";

/** Return ranges of code points, in order, from hexadecimal numbers. */
const ranges = (table) =>
  table
    .trim()
    .split(/\s+/)
    .map((each) => each.split("-").map((hex) => parseInt(hex, 16)))
    .map(([first, last = first]) => [first, last]);

const IN_NO_TEXT = ranges(REFUSED);
const IN_NO_NAME = ranges(NEWER);
const JOINERS = [0x200c, 0x200d, 0xfe0e, 0xfe0f];

/** Refuse the first character that a text of this kind (title, name, reason) may not have. */
export function requireText(text, kind) {
  let number = 0;
  for (const character of text) {
    number += 1;
    const point = character.codePointAt(0);
    if (point === 10 && kind === "reason") continue;
    if (has(IN_NO_TEXT, point) || (kind === "name" && !mayName(point))) {
      const hex = point.toString(16).toUpperCase().padStart(4, "0");
      const why = "invisible, a control character, or not assigned";
      refuse("text_refused", `character ${number} of the ${kind} is U+${hex}: ${why}`);
    }
  }
}

const mayName = (point) => !JOINERS.includes(point) && !has(IN_NO_NAME, point);

/** Tell whether one of the ranges has the code point. */
function has(found, point) {
  let [low, high] = [0, found.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = found[middle];
    if (point < first) high = middle - 1;
    else if (point > last) low = middle + 1;
    else return true;
  }
  return false;
}
