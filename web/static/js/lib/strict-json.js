// A JSON parser that refuses what JSON.parse repairs: duplicate members, lone surrogates, and
// numbers that an IEEE 754 double changes (I-JSON, RFC 7493). It keeps every number's digits, so
// that a page shows the signed digits, not a rounded number.
// tests/vectors/web/strict-json.json holds it and ledger.encoding.parse_json to the same verdicts.

const MAX_DEPTH = 64;
const MAX_DIGITS = 1000;
// What one text may cost, as in ledger.encoding: a mark is a value to build.
const MAX_MARKS = 20000;
const MAX_FLOATS = 1000;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const CHARACTERS = /[^"\\\x00-\x1f]*/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORDS = ["true", "false", "null"];

/**
 * Why a text is refused, and where: the server's `code`; line and column from 1. `why` names the
 * text `json.…` of the catalogue, and `what` is its value.
 */
export class StrictJsonError extends Error {
  constructor(code, [why, detail, what = ""], text, at) {
    super(detail);
    Object.assign(this, { code, why, what });
    const before = text.slice(0, at).split("\n");
    this.line = before.length;
    this.column = before.at(-1).length + 1;
  }
}

/**
 * Return the tree of a JSON text: `{kind, text, members: [[name, node], …]}`. `exact: false` also
 * accepts numbers that a double would change; use it where no code computes with them.
 */
export function parse(text, { exact = true } = {}) {
  const parser = new Parser(text, exact);
  if (exact && hasManyMarks(text)) parser.refuseCost();
  parser.refuseDepth();
  const node = parser.value();
  if (parser.next() !== undefined) parser.refuse(["after", "there is something after the JSON value"]);
  parser.refuseHalfCharacter();
  return node;
}

/** Return the tree of a JSON text that has to be an object. */
export function parseObject(text) {
  const node = parse(text);
  if (node.kind !== "object") {
    throw new StrictJsonError("content_not_object", ["object", "it has to be a JSON object: { … }"], text, 0);
  }
  return node;
}

class Parser {
  constructor(text, exact) {
    this.text = text;
    this.exact = exact;
    this.at = 0;
    this.floats = 0;
    this.halfCharacterAt = null;
  }

  // Before the text is parsed, as on the server: the stack must not say how deep a text may be.
  refuseDepth() {
    let level = 0;
    for (const [bracket] of withoutStrings(this.text).matchAll(/[[\]{}]/g)) {
      level += bracket === "[" || bracket === "{" ? 1 : -1;
      if (level > MAX_DEPTH) this.refuse(["depth", `it is nested deeper than ${MAX_DEPTH}`, MAX_DEPTH]);
    }
  }

  // After the text is parsed, as on the server: any other fault comes first.
  refuseHalfCharacter() {
    if (this.halfCharacterAt === null) return;
    this.refuse(["half", "a text has half a character"], "json_invalid", this.halfCharacterAt);
  }

  refuseCost() {
    this.refuse(["cost", "it has too many values, or too many numbers with a fraction"], "json_too_complex");
  }

  refuse(reason, code = "json_invalid", at = this.at) {
    throw new StrictJsonError(code, reason, this.text, at);
  }

  /** Return the match of a sticky pattern here, and move past it. */
  take(pattern) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    this.at += match?.[0].length ?? 0;
    return match;
  }

  /** Return the next character that is not space, without moving past it. */
  next() {
    this.take(SPACE);
    return this.text[this.at];
  }

  expect(sign) {
    if (this.next() !== sign) this.refuse(["sign", `a ${sign} is missing`, sign]);
    this.at += 1;
  }

  value() {
    const first = this.next();
    if (first === "{" || first === "[") return this.container(first === "{");
    if (first === '"') return { kind: "string", text: this.string(), members: [] };
    const word = WORDS.find((each) => this.text.startsWith(each, this.at));
    if (!word) return this.number();
    this.at += word.length;
    return { kind: "word", text: word, members: [] };
  }

  container(isObject) {
    const members = [];
    const names = new Set();
    let twice = null;
    this.at += 1;
    while (this.next() !== (isObject ? "}" : "]")) {
      if (members.length) this.expect(",");
      this.next();
      const start = this.at;
      const name = isObject ? this.name() : `${members.length + 1}`;
      if (isObject && names.has(name)) twice ??= { name, start };
      if (isObject) names.add(name);
      members.push([name, this.value()]);
    }
    if (twice) this.refuse(["twice", `“${twice.name}” occurs twice`, twice.name], "json_duplicate_member", twice.start);
    this.at += 1;
    return { kind: isObject ? "object" : "array", text: "", members };
  }

  name() {
    const name = this.string();
    this.expect(":");
    return name;
  }

  string() {
    const start = this.at;
    this.expect('"');
    let value = "";
    for (;;) {
      value += this.take(CHARACTERS)[0];
      const next = this.text[this.at];
      if (next === '"') break;
      if (next !== "\\") this.refuse(["text", "a text has no end, or a control character"]);
      value += this.escape();
    }
    this.at += 1;
    if (!value.isWellFormed()) this.halfCharacterAt ??= start;
    return value;
  }

  escape() {
    const letter = this.text[this.at + 1];
    if (letter === "u") {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.refuse(["hex", "\\u takes four hex digits"]);
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    if (!(letter in ESCAPES)) this.refuse(["escape", "there is no such escape"]);
    this.at += 2;
    return ESCAPES[letter];
  }

  number() {
    const start = this.at;
    const match = this.take(NUMBER);
    if (!match) this.refuse(this.text[start] ? ["value", "this is not a JSON value"] : ["early", "it ends too early"]);
    const [text, fraction, exponent] = match;
    const isFloat = Boolean(fraction || exponent);
    if (this.exact && isFloat && ++this.floats > MAX_FLOATS) this.refuseCost();
    const survives = isFloat ? floatSurvives : integerSurvives;
    const isTooLong = !isFloat && text.length > MAX_DIGITS;
    if (isTooLong || (this.exact && !survives(text))) {
      const made = `a computer would read ${text} as ${Number(text)}; write it as text in quotes`;
      this.refuse(["inexact", made, text], "json_number_inexact", start);
    }
    return { kind: "number", text, members: [] };
  }
}

/** Tell whether a text has too many marks outside its strings, where they are text. */
function hasManyMarks(text) {
  if (text.length <= MAX_MARKS) return false;
  const bare = withoutStrings(text);
  return [/,/g, /:/g, /[[{]/g].some((mark) => (bare.match(mark)?.length ?? 0) > MAX_MARKS);
}

function withoutStrings(text) {
  const unescaped = text.replaceAll("\\\\", "").replaceAll('\\"', "");
  return unescaped.split('"').filter((_, n) => n % 2 === 0).join("");
}

function integerSurvives(text) {
  if (text.length > 310) return false;
  const value = Number(text);
  return Number.isSafeInteger(value) || (Number.isFinite(value) && BigInt(value) === BigInt(text));
}

function floatSurvives(text) {
  const value = Number(text);
  return text.length <= MAX_DIGITS && Number.isFinite(value) && plain(text) === plain(`${value}`);
}

/** Return a decimal number as digits and a power of ten, in one spelling per value. */
function plain(text) {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
