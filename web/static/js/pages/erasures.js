// The erasures: one more is proposed as a change, whose effect is shown first.

import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

async function erase() {
  if (await proposeAndTell({ erase: { statement: one("#erase-id").value } })) one("#erase").reset();
}

serve({}, { "#erase": erase });
