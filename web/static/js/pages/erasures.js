// Erasures and holds: one more is proposed as a change, whose effect is shown first.

import { get } from "../lib/api.js";
import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

const MOST_NAMES = 31; // a change has 32 items

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

async function hold() {
  const statement = one("#hold-id").value;
  const names = [];
  if (one("#hold-names").checked) {
    const { creator, decisions } = await get(`/api/statements/${encodeURIComponent(statement)}`);
    const people = new Set([creator, ...decisions.map(({ person }) => person)].map(({ id }) => id));
    names.push(...[...people].slice(0, MOST_NAMES).map((name) => ({ hold: { name } })));
  }
  if (await proposeAndTell({ hold: { statement } }, {}, names)) one("#hold").reset();
}

serve(
  { item: ({ dataset }) => proposeAndTell(JSON.parse(dataset.item)) },
  { "#erase": erase, "#erase-name": eraseName, "#hold": hold },
);
