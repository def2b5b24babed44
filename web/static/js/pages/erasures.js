// The erasures: one more is proposed as a change, whose effect is shown first.

import { get } from "../lib/api.js";
import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

async function erase() {
  const statement = one("#erase-id").value;
  const { status } = await get(`/api/statements/${encodeURIComponent(statement)}`);
  if (await proposeAndTell({ erase: { statement, status } })) one("#erase").reset();
}

serve({}, { "#erase": erase });
