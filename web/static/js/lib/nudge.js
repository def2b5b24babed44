// Reminds a person with one passkey of a second way in, once a week at most where they say so.

import { one } from "./dom.js";
import { onAction } from "./page.js";

const AFTER = "second-way-after";
const WEEK_MS = 7 * 86_400_000;

function quietUntil() {
  try {
    return Number(localStorage.getItem(AFTER));
  } catch {
    return 0; // no storage: it is said on each visit
  }
}

one("#nudge").hidden = Date.now() < quietUntil();

onAction({
  "nudge-later": () => {
    one("#nudge").hidden = true;
    localStorage.setItem(AFTER, Date.now() + WEEK_MS);
  },
});
