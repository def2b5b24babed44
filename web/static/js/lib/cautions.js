// The places of a statement's content that a reviewer should look at twice, as
// ledger.domain.cautions finds them; tests/vectors/web/cautions.json tests both.

import { foreignLetters, hasOddSpaces, hides, isTurned, lookAlikeSigns, looksOf, strayMarks } from "./visible.js";

/** Return a member's name as one step of a JSON pointer (RFC 6901, section 3). */
export const step = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** Return the places of a statement; that of its title is `""`. */
export function ofStatement(title, content) {
  const kinds = ORDER.filter((each) => kindsOf(title, true).includes(each));
  return [...(kinds.length ? [{ place: "", kinds }] : []), ...cautions(content)];
}

/** Return `[{place, kinds}]` of a node of strict-json.js: JSON pointers, and why to look there. */
export function cautions({ kind, members = [] }, place = "") {
  const isNamed = kind === "object";
  const looks = isNamed ? members.map(([name]) => looksOf(name)) : [];
  const counts = new Map();
  for (const each of looks) counts.set(each, (counts.get(each) ?? 0) + 1);
  return members.flatMap(([name, node], at) => {
    const found = node.kind === "string" ? kindsOf(node.text) : [];
    if (isNamed) {
      if (counts.get(looks[at]) > 1) found.push("alike");
      if (!name) found.push("nameless");
      found.push(...kindsOf(name, true));
    }
    const here = `${place}/${isNamed ? step(name) : at}`;
    const kinds = ORDER.filter((each) => found.includes(each));
    return [...(kinds.length ? [{ place: here, kinds }] : []), ...cautions(node, here)];
  });
}

const ORDER = ["alike", "nameless", "letters", "signs", "unseen", "marks", "turned", "space", "form"];

/** Return the places that a page lists: all, or the `most` gravest of them. */
export function listed(found, most) {
  if (found.length <= most) return found;
  const gravity = ({ kinds }) => ORDER.indexOf(kinds[0]);
  return found.toSorted((one, other) => gravity(one) - gravity(other)).slice(0, most);
}

/** Return why to look at a text by itself; `line` tells that pages show it as one line. */
export function kindsOf(text, line) {
  const kinds = [];
  if (foreignLetters(text).size) kinds.push("letters");
  if (lookAlikeSigns(text).size) kinds.push("signs");
  if (strayMarks(text).size) kinds.push("marks");
  if (isTurned(text)) kinds.push("turned");
  if (hides(text)) kinds.push("unseen");
  if (hasOddSpaces(text, line)) kinds.push("space");
  if (text.normalize("NFC") !== text) kinds.push("form");
  return kinds;
}

/** Return how many values a reader meets: texts, numbers, words, empty objects and lists. */
export const countValues = ({ members = [] }) =>
  members.reduce((sum, [, node]) => sum + countValues(node), 0) || 1;
