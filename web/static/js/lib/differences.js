// What differs between two versions of a statement, by JSON pointer, as ledger.pages.differences
// finds it; tests/vectors/web/differences.json tests both.

import { step } from "./cautions.js";

const PLAIN = /^-?[0-9]{1,12}(?:\.[0-9]{1,12})?$/;

/** Return `[{kind, pointer, before, after, by}]`, of two nodes of strict-json.js. */
export function differences(before, after, pointer = "") {
  if (same(before, after)) return [];
  const isNested = before.kind === "object" || before.kind === "array";
  if (before.kind !== after.kind || !isNested) {
    return [row("changed", pointer, asJson(before), asJson(after), difference(before, after))];
  }
  const [old, now] = [membersOf(before), membersOf(after)];
  const names = [...old.keys(), ...[...now.keys()].filter((name) => !old.has(name))];
  return names.flatMap((name) => {
    const place = `${pointer}/${step(name)}`;
    if (!now.has(name)) return [row("removed", place, asJson(old.get(name)), "")];
    if (!old.has(name)) return [row("added", place, "", asJson(now.get(name)))];
    return differences(old.get(name), now.get(name), place);
  });
}

const row = (kind, pointer, before, after, by = "") => ({ kind, pointer, before, after, by });

/** Return the members by name, the items of an array by their index from 0. */
const membersOf = ({ kind, members }) =>
  new Map(members.map(([name, node], at) => [kind === "array" ? String(at) : name, node]));

function same(one, other) {
  if (one.kind !== other.kind || one.text !== other.text) return false;
  const [mine, theirs] = [one.members ?? [], other.members ?? []];
  return (
    mine.length === theirs.length
    && mine.every(([name, node], at) => name === theirs[at][0] && same(node, theirs[at][1]))
  );
}

/** Return how much a number changed, with its sign; "" for what is not written plainly. */
function difference(before, after) {
  const texts = [before, after].filter(({ kind }) => kind === "number").map(({ text }) => text);
  if (texts.length < 2 || !texts.every((text) => PLAIN.test(text))) return "";
  const places = Math.max(...texts.map((text) => (text.split(".")[1] ?? "").length));
  const scaled = (text) => {
    const [whole, part = ""] = text.split(".");
    return BigInt(whole + part.padEnd(places, "0"));
  };
  const by = scaled(texts[1]) - scaled(texts[0]);
  const digits = String(by < 0n ? -by : by).padStart(places + 1, "0");
  const shown = places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
  return `${by < 0n ? "-" : "+"}${shown}`;
}

/** Return a node as JSON on one line, with each number as it is written. */
export function asJson({ kind, text, members }) {
  switch (kind) {
    case "object":
      return `{${members.map(([name, node]) => `${JSON.stringify(name)}:${asJson(node)}`).join(",")}}`;
    case "array":
      return `[${members.map(([, node]) => asJson(node)).join(",")}]`;
    case "string":
      return JSON.stringify(text);
    default:
      return text;
  }
}
