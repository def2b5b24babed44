// Show a text so that nothing in it hides: each character that would mislead has a label, as
// ledger.domain.visible does; tests/vectors/web/visible.json tests both. The comments are there.

const UNSEEN =
  "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-"
  + "\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u2d7f\u3164\ue000-\uf8ff"
  + "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\u{13430}-"
  + "\u{1343f}\u{16fe4}\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-"
  + "\u{10ffff}";
const SPACES = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000";
const EDGES = "^[ \\t\\n]+$|^[ \\t]+|(?<![ \\t])[ \\t]+$|(?<!\\n)\\n{4,}";
const IN_A_LINE = "[\\t\\n]+|(?<! ) {2,}";
const LATIN =
  "A-Za-z\xaa\xba\xc0-\xd6\xd8-\xf6\xf8-\u017e\u0180-\u01bf\u01c4-\u0250\u0252-"
  + "\u0260\u0262-\u02b8\u1d2c-\u1d5c\u1d62-\u1d65\u1d6b-\u1d77\u1d79-\u1dbe\u1e00-"
  + "\u1eff\u2071\u207f\u2090-\u209c\u212a\u212b\u2132\u214e\u2c60-\u2c7f\ua722-"
  + "\ua7ff\uab30-\uab64\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a";
const OTHER =
  "\u017f\u01c0-\u01c3\u0251\u0261\u1d00-\u1d25\u2102\u210a-\u2113\u2115\u2119-"
  + "\u211d\u2124\u2128\u212c-\u2131\u2133\u2134\u2139\u2145-\u2149\u2160-\u2188"
  + "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u03ff\u1f00-\u1fff"
  + "\u0400-\u0482\u048a-\u052f\u1c80-\u1c8f\ua640-\ua66e\ua680-\ua69d\u0531-\u0556"
  + "\u0560-\u0588\u13a0-\u13ff\uab70-\uabbf\u2c80-\u2cf3\ua4d0-\ua4fd\u{1d400}-"
  + "\u{1d7ff}";
const LOOKS =
  "A\u0391\u0410\u13aa\ua4ee B\u0392\u0412\u13f4\ua4d0 C\u03f9\u0421\u13df\ua4da "
  + "D\u13a0\ua4d3 E\u0395\u0415\u13ac\ua4f0 F\ua4dd G\u13c0\ua4d6 "
  + "H\u0397\u041d\u13bb\ua4e7 I\u0399\u0406\ua4f2 J\u0408\u13ab\ua4d9 "
  + "K\u039a\u041a\u13e6\ua4d7 L\u13de\ua4e1 M\u039c\u041c\u13b7\ua4df N\u039d\ua4e0 "
  + "O\u039f\u041e\u0555\ua4f3 P\u03a1\u0420\u13e2\ua4d1 R\u13a1\u13d2\ua4e3 "
  + "S\u0405\u13da\ua4e2 T\u03a4\u0422\u13a2\ua4d4 U\u054d\ua4f4 V\u0474\u13d9\ua4e6 "
  + "W\u051c\u13b3\ua4ea X\u03a7\u0425\ua4eb Y\u03a5\u0423\u04ae\ua4ec Z\u0396\u13c3\ua4dc "
  + "a\u03b1\u0430\u0251 c\u03f2\u0441\u1d04 d\u0501 e\u0435 g\u0581\u0261 h\u04bb\u0570 "
  + "i\u03b9\u0456\u13a5 j\u03f3\u0458 k\u03ba l\u04c0\u04cf\u01c0 n\u0578 "
  + "o\u03bf\u043e\u0585\u1d0f p\u03c1\u0440 q\u051b s\u0455 u\u03c5\u057d\u1d1c "
  + "v\u03bd\u0475\u1d20 w\u051d\u1d21 x\u03c7\u0445 y\u0443 z\u1d22";
const SIGNS =
  "\u066b\u066c\u201a\u2024\u2044\u2215\u2236\u29f8\ua4f8\ua4fa\ua4fd\ua789"
  + "\uff0e\uff0f\uff1a";
const SEALS =
  "\u2611-\u2612\u2705\u2713-\u2718\u274c\u274e\u26bf\u{1f50f}-\u{1f513}\u{1f5f8}-"
  + "\u{1f5f9}";
const OVER =
  "\u0305\u0332-\u0338\u033f\u0488\u0489\u1abe\u20d2\u20d3\u20d8-\u20da\u20dd-"
  + "\u20e6\u20ea\u20eb";
const LEFTWARD = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}";
const LIKE = new Map(
  LOOKS.split(" ").flatMap(([letter, ...others]) => others.map((other) => [other, letter])),
);

const MOST_MARKS = 4;

const all = (source) => new RegExp(source, "gu");
const test = (source) => {
  const pattern = new RegExp(source, "u");
  return (text) => pattern.test(text);
};
const MARKED = new RegExp(`([${UNSEEN}${SPACES}]|${EDGES})`, "u");
const MARKED_LINE = new RegExp(`([${UNSEEN}${SPACES}]|${IN_A_LINE}|${EDGES})`, "u");
const WORD = all(`[${LATIN}${OTHER}\u0300-\u036f]+`);
const IS_OTHER = all(`[${OTHER}]`);
const SIGN = all(`(?<=[!-~${SIGNS}])[${SIGNS}](?=[!-~${SIGNS}])|[${SEALS}]`);
const NOT_READ = all(`[${UNSEEN}${SPACES}\\s]`);
const isLatin = test(`[${LATIN}]`);
const isOver = test(`[${OVER}]`);
const toTheLeft = test(`[${LEFTWARD}]`);
const isForeignText = test("[^\x00-\x7f]");

/** Return `[{text, mark}]`: runs of text as it is, and labels of what would mislead. */
export function visible(text, line) {
  const foreign = new Set([...foreignLetters(text), ...lookAlikeSigns(text)]);
  const stray = strayMarks(text);
  let at = 0;
  return text.split(line ? MARKED_LINE : MARKED).flatMap((part, index) => {
    const start = at;
    at += part.length;
    if (index % 2) return part.match(/(.)\1*/gsu).map((same) => ({ text: label(same), mark: true }));
    return letters(part, (place) => (stray.has(start + place) ? label : foreign.has(start + place) && named));
  });
}

const named = (character) => `${character} ${label(character)}`;

function label(part) {
  const name = `U+${part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  const { length } = [...part];
  return length > 1 ? `${length} × ${name}` : name;
}

function letters(part, labelOf) {
  const runs = [];
  let at = 0;
  let plain = "";
  const add = () => plain && runs.push({ text: plain, mark: false });
  for (const character of part) {
    const shown = labelOf(at);
    if (shown) {
      add();
      plain = "";
      runs.push({ text: shown(character), mark: true });
    } else {
      plain += character;
    }
    at += character.length;
  }
  add();
  return runs;
}

/** Return where letters and digits stand that a reader may take for Latin ones, in UTF-16 units. */
export function foreignLetters(text) {
  if (!isForeignText(text)) return new Set();
  const others = places(text, 0);
  const found = others.every(([, letter]) => likeLatin(letter) !== letter)
    ? others
    : [...text.matchAll(WORD)].filter(([word]) => isLatin(word)).flatMap(({ 0: word, index }) => places(word, index));
  return new Set([...found.map(([at]) => at), ...foreignDigits(text)]);
}

const places = (text, from, pattern = IS_OTHER) =>
  [...text.matchAll(pattern)].map(({ 0: letter, index }) => [from + index, letter]);

function foreignDigits(text) {
  const runs = [...text.matchAll(/\p{Nd}+/gu)].filter(([run]) => isForeignText(run));
  const onlyLatin = runs.length && (text.match(/\p{L}/gu) ?? []).every(isLatin);
  return runs
    .filter(([run]) => onlyLatin || /[0-9]/.test(run))
    .flatMap(({ 0: run, index }) => places(run, index, /[^0-9]/gu).map(([at]) => at));
}

/** Return where signs stand that a reader may take for a sign of ASCII, or of this page. */
export const lookAlikeSigns = (text) => new Set(places(text, 0, SIGN).map(([at]) => at));

/** Return where accents and other marks stand that belong to no letter or hide one. */
export function strayMarks(text) {
  const found = new Set();
  for (const { 0: run, 1: letter, index } of text.matchAll(/(\p{L}?)\p{M}+/gu)) {
    let [at, count] = [index + letter.length, 0];
    for (const mark of run.slice(letter.length)) {
      if (!hides(mark)) {
        count += !/\p{Mc}/u.test(mark);
        if (!letter || count > MOST_MARKS || isOver(mark)) found.add(at);
      }
      at += mark.length;
    }
  }
  return found;
}

/** Return whether a text runs in both directions, so that its parts stand in another order. */
export const isTurned = (text) => toTheLeft(text) && /[0-9A-Za-z]/.test(text);

const likeLatin = (text) =>
  [...text.normalize("NFKC")].map((character) => LIKE.get(character) ?? character).join("");

/** Return whether a text has a character that is not seen. */
export const hides = test(`[${UNSEEN}]`);

const hasOdd = test(`[${SPACES}]|${EDGES}`);
const hasOddLine = test(`[${SPACES}]|${IN_A_LINE}|${EDGES}`);

/** Return whether a text has an unusual space, one at an end, or many empty lines. */
export const hasOddSpaces = (text, line) => (line ? hasOddLine : hasOdd)(text);

/** Return what names have in common that a reader takes for each other. */
export const looksOf = (name) =>
  likeLatin(name.replace(NOT_READ, "")).toLowerCase().replace(/(?<=[ij])\u0307/g, "").replaceAll("0", "o").replace(/[1i|]/g, "l").replaceAll("rn", "m").replaceAll("vv", "w");

/** Return whether a text could be taken for another kind of value without its quotes. */
export const isQuoted = (text) => /^(?:[-+]?[0-9.][0-9.,eE+ -]*|true|false|null|empty (?:object|list|text|name))$/i.test(text);

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
