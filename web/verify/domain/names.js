// Mirrors ledger.domain.names: the one form in which a name is written, and the scripts it may mix;
// and of ledger.domain.skeletons the form of what is recorded. Skeletons are not computed again.

import { length } from "../encoding.js";
import { refuse } from "../errors.js";
import { SCRIPTS } from "./scripts.js";
import { requireText } from "./text.js";

/** Return what stands in place of a person's name that is erased, or not there. */
export const withoutName = (user) => `Erased name (${user.slice(0, 8)})`;

const MAX_NAME_CHARS = 100;
const MANY_MARKS = /[\p{Mn}\p{Me}]{5}/u;
const MARK_TWICE = /([\p{Mn}\p{Me}])\1/u;
const MOST_SKELETONS = 3; // as written, in small letters, in capitals
// The writing systems that use several scripts, and to which of them a script belongs.
const WRITINGS = ["Hanb", "Jpan", "Kore"];
const AUGMENTED = {
  Hani: ["Hanb", "Jpan", "Kore"],
  Hira: ["Jpan"],
  Kana: ["Jpan"],
  Hang: ["Kore"],
  Bopo: ["Hanb"],
};
const RANGES = parse();

function parse() {
  const ranges = [];
  let scripts = [];
  for (const word of SCRIPTS.trim().split(/\s+/)) {
    const code = word.slice(1);
    if (word.startsWith("@")) scripts = [code, ...(AUGMENTED[code] ?? [])];
    else if (word.startsWith("+")) scripts = [...scripts, code, ...(AUGMENTED[code] ?? [])];
    else {
      const [first, last = first] = word.split("-").map((hex) => parseInt(hex, 16));
      ranges.push({ first, last, scripts });
    }
  }
  return ranges;
}

/** Tell whether the scripts of a name mix as UTS #39 section 5.2 allows. */
function mayMix(name) {
  const found = [...name]
    .map((each) => each.codePointAt(0))
    .map((point) => RANGES.find(({ first, last }) => first <= point && point <= last)?.scripts)
    .filter(Boolean);
  if (!found.length || found[0].some((script) => found.every((each) => each.includes(script)))) {
    return true;
  }
  return WRITINGS.some((writing) =>
    found.every((scripts) => scripts.includes("Latn") || scripts.includes(writing)),
  );
}

/** Tell whether a name begins with the letters of what stands in place of an erased one. */
const beginsAsErased = (name) =>
  name.normalize("NFKD").replace(/[^A-Za-z]/g, "").toLowerCase().startsWith("erasedname");

/** Refuse a name that is not in its one form. */
export function requireName(name) {
  if (!name || length(name) > MAX_NAME_CHARS) {
    refuse("name_invalid", `a name has 1 to ${MAX_NAME_CHARS} characters`);
  }
  requireText(name, "name");
  if (beginsAsErased(name)) refuse("name_invalid", "no name begins as erased names do");
  if (/^ | $| {2}/.test(name)) {
    refuse("name_invalid", "a name has single spaces, between words only");
  }
  if (/[\p{Zs}\p{Co}]/u.test(name.replaceAll(" ", ""))) {
    refuse("name_invalid", "a name has no other space, and no private character");
  }
  if (name.normalize("NFC") !== name) {
    refuse("name_invalid", "a name is in Unicode Normalization Form C");
  }
  if (/(?:^| )\p{M}/u.test(name)) {
    refuse("name_invalid", "a word of a name begins with no combining mark");
  }
  const letters = name.normalize("NFD");
  if (MANY_MARKS.test(letters) || MARK_TWICE.test(letters)) {
    refuse("name_invalid", "a character of a name has at most 4 marks, and no mark twice in a row");
  }
  if (!mayMix(name)) {
    const detail = "a name has letters of one script, or Latin with it for Japanese, Chinese or Korean";
    refuse("name_invalid", detail);
  }
}

/** Refuse what cannot be the hashes of a name's skeletons, or the Unicode version of the tables. */
export function requireSkeletons(hashes, unicode) {
  const sound = hashes.every(
    (each, at) => /^[0-9a-f]{64}$/.test(each) && (at === 0 || hashes[at - 1] < each),
  );
  const counted = hashes.length >= 1 && hashes.length <= MOST_SKELETONS;
  if (!sound || !counted || !/^[1-9][0-9]{0,3}\.[0-9]{1,4}\.[0-9]{1,4}$/.test(unicode)) {
    const detail = `a registration has 1 to ${MOST_SKELETONS} different hashes of skeletons, in order`;
    refuse("name_skeletons_invalid", `${detail}, and the Unicode version`);
  }
}
