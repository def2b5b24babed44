// Mirrors ledger.domain.alike_names: names of roles and types that look alike, so that nobody takes
// `lnvestor` for `investor`. tests/vectors/alike-names.json holds both tables.

import { RESERVED } from "./document.js";

// One letter for another first. Then a letter stands as the several that look like it, so that the
// order in which they follow each other does not matter: `rnn` may be read `rm`, `mn` or `nm`.
const LOOKS = Object.freeze([
  [/0/gu, "o"],
  [/[1i]/gu, "l"],
  [/5(?=5*[a-z])/gu, "s"], // not at the end: there is a `team-5`
  [/q/gu, "g"],
  [/d/gu, "cl"],
  [/w/gu, "vv"],
  [/m/gu, "nn"],
  [/r(?=r*n)/gu, "n"],
  [/-/gu, ""],
]);

/** Return the first of the known names, in order, that looks like this one; null if none does. */
export const findAlike = (name, known) => {
  const own = looks(name);
  return [...known].sort().find((each) => looks(each) === own) ?? null;
};

/** Tell whether a type's name begins so that it looks like one of the built-in types. */
export const looksBuiltIn = (name) => {
  const end = name.indexOf("/") + 1;
  return findAlike(name.slice(0, end), [RESERVED]) !== null;
};

function looks(name) {
  const shown = LOOKS.reduce((text, [seen, as]) => text.replace(seen, as), name);
  return shown
    .split("/")
    .map((part) => part.replace(/s+$/u, ""))
    .join("/");
}
