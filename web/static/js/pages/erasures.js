// The erasures: one more is proposed as a change, whose effect is shown first.

import { get } from "../lib/api.js";
import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

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

serve({}, { "#erase": erase, "#erase-name": eraseName });
