// Mirrors ledger.domain.names: the one form in which a name is written, and the scripts it may mix.

import { length } from "../encoding.js";
import { refuse } from "../errors.js";
import { SCRIPTS } from "./scripts.js";
import { requireText } from "./text.js";

const MAX_NAME_CHARS = 100;
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

/** Refuse a name that is not in its one form. */
export function requireName(name) {
  if (!name || length(name) > MAX_NAME_CHARS) {
    refuse("name_invalid", `a name has 1 to ${MAX_NAME_CHARS} characters`);
  }
  requireText(name, "name");
  if (/^ | $| {2}/.test(name)) {
    refuse("name_invalid", "a name has single spaces, between words only");
  }
  if (/[\p{Zs}\p{Co}]/u.test(name.replaceAll(" ", ""))) {
    refuse("name_invalid", "a name has no other space, and no private character");
  }
  if (name.normalize("NFC") !== name) {
    refuse("name_invalid", "a name is in Unicode Normalization Form C");
  }
  if (!mayMix(name)) {
    const detail = "a name has letters of one script, or Latin with it for Japanese, Chinese or Korean";
    refuse("name_invalid", detail);
  }
}
