// Erasures and holds: one more is proposed as a change, whose effect is shown first.

import { get, Problem } from "../lib/api.js";
import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

const MOST_ITEMS = 32; // of a change

async function erase() {
  const statement = one("#erase-id").value;
  const { status } = await get(`/api/statements/${encodeURIComponent(statement)}`);
  if (await proposeAndTell({ erase: { statement, status } })) one("#erase").reset();
}

async function eraseName() {
  const person = one("#erase-person").value;
  const names = { [person]: person.slice(0, 8) };
  if (await proposeAndTell({ erase: { name: person } }, names)) one("#erase-name").reset();
}

/** Tell whether a hold on a person's name has an effect: it may be held already, or erased. */
async function isFree(name) {
  const { preview } = await import("../lib/effects.js"); // only where it is asked for
  try {
    await preview([{ hold: { name } }]);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === "change_no_effect") return false;
    throw error;
  }
}

async function hold() {
  const statement = one("#hold-id").value;
  const items = [{ hold: { statement } }];
  if (one("#hold-names").checked) {
    const { creator, decisions } = await get(`/api/statements/${encodeURIComponent(statement)}`);
    const people = new Set([creator, ...decisions.map(({ person }) => person)].map(({ id }) => id));
    for (const name of people) if (await isFree(name)) items.push({ hold: { name } });
  }
  // More names than one change takes need several, each of which is shown.
  for (let at = 0; at < items.length; at += MOST_ITEMS) {
    const [first, ...more] = items.slice(at, at + MOST_ITEMS);
    if (!(await proposeAndTell(first, {}, more))) return;
  }
  one("#hold").reset();
}

serve(
  {
    item: ({ dataset }) => proposeAndTell(JSON.parse(dataset.item)),
    items({ dataset }) {
      const [first, ...more] = JSON.parse(dataset.items);
      return proposeAndTell(first, {}, more);
    },
  },
  { "#erase": erase, "#erase-name": eraseName, "#hold": hold },
);
