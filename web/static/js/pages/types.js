// The types: those who govern retire one by a change, whose effect is shown first.

import { proposeAndTell, serve } from "../lib/administer.js";
import { one } from "../lib/dom.js";

const retire = ({ dataset: { name, was } }) => {
  const pending = one(`[name="pending-${CSS.escape(name)}"]:checked`).value;
  return proposeAndTell({ "retire-type": { type: name, was, pending } });
};

serve({ retire }, {});
