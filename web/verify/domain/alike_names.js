/**
 * Names of roles and types that look alike: nobody takes `lnvestor` for `investor`.
 *
 * src/ledger/domain/alike_names.py has the same table; tests/vectors/alike-names.json holds both.
 */

// In this order: several letters that look like one, then one that looks like another.
const LOOKS = Object.freeze([
  ["rn", "m"],
  ["nn", "m"],
  ["vv", "w"],
  ["cl", "d"],
  ["0", "o"],
  ["1", "l"],
  ["i", "l"],
  ["5", "s"],
  ["-", ""],
]);

/** Return the first of the known names, in order, that looks like this one; null if none does. */
export const findAlike = (name, known) => {
  const own = looks(name);
  return [...known].sort().find((each) => looks(each) === own) ?? null;
};

function looks(name) {
  const shown = LOOKS.reduce((text, [seen, as]) => text.replaceAll(seen, as), name);
  return shown
    .split("/")
    .map((part) => part.replace(/s+$/u, ""))
    .join("/");
}
