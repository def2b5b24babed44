// The roles: each is defined and closed by a change, whose effect is shown first.

import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

async function define() {
  if (await proposeAndTell({ "define-role": { role: one("#define-role").value } })) one("#define").reset();
}

serve({ item: ({ dataset }) => proposeAndTell(JSON.parse(dataset.item)) }, { "#define": define });
