// Readers of a statement: what the form chooses, and the sentence that says who may read it.
// The sentence is that of src/ledger/pages/readers.py; tests/vectors/web/readers.json holds both.

import { all, one } from "./dom.js";
import { called, listed } from "./policy.js";
import { catalogue, fill } from "./texts.js";

/** Return the `readers` member that the form asks for: none for a statement for everyone. */
export function chosenReaders(form) {
  const forEveryone = one("#readers-everyone", form)?.checked ?? false;
  if (forEveryone) return {};
  return { readers: all("input[name=reader]:checked", form).map((box) => box.value) };
}

/** Return who may read a statement; `names` gives people by their id. */
export function readersSentence(readBy, readers, names, texts = catalogue) {
  if (readBy === "everyone") return texts["readers.everyone"];
  if (!readers?.length) return texts["readers.participants"];
  const named = readers.map((reader) => {
    const name = reader.slice(reader.indexOf(":") + 1);
    if (reader.startsWith("user:")) return called(name, names);
    return fill(texts["readers.holders"], { role: name });
  });
  return fill(texts["readers.named"], { named: listed(named) });
}
