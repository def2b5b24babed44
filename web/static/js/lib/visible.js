// Characters that hide or reorder text, as labelled marks: the same set as in
// src/ledger/pages/content.py; tests/vectors/web/visible.json holds both to it.

const UNSEEN =
  /([\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}])/u;

/** Return `[{text, mark}]`: runs of text, and names such as U+202E for invisible characters. */
export function visible(text) {
  return text
    .split(UNSEEN)
    .map((part, index) => (index % 2 ? { text: name(part), mark: true } : { text: part, mark: false }))
    .filter((run) => run.text !== "");
}

const name = (character) =>
  `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Return a number's text in parts: the digits before the point in groups of three. */
export function digitGroups(number) {
  const match = /^(-?)([0-9]{5,})(.*)$/.exec(number);
  if (!match) return [number];
  const [, sign, digits, rest] = match;
  const parts = digits.replace(/\B(?=([0-9]{3})+$)/g, " ").split(" ");
  parts[0] = sign + parts[0];
  parts[parts.length - 1] += rest;
  return parts;
}
