// RFC 8785 for what the ledger hashes: objects, arrays, strings, safe integers, booleans, null.
// Implementations differ on other numbers and on member names outside ASCII. The ledger has neither:
// both throw TypeError, as in ledger.encoding.jcs.

export function jcs(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new TypeError("a lone surrogate");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError("not a safe integer");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => member(name, value[name])).join(",")}}`;
}

function member(name, value) {
  if (!/^[\x00-\x7f]*$/.test(name)) throw new TypeError("a member name outside ASCII");
  return `${jcs(name)}:${jcs(value)}`;
}
