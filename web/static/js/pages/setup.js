// The first run: checks from this browser what the server cannot see of the ledger's address.

import { icon, one, put } from "../lib/dom.js";
import { onAction, start } from "../lib/page.js";
import { text } from "../lib/texts.js";

const MOST_SECONDS = 30; // signatures are refused from 300 s on

const { origin, now } = one("#address").dataset;

/** Show whether a check passed. */
function tell(id, passed, key, values) {
  const place = one(`#address-${id}`);
  place.querySelector("svg").replaceWith(icon(passed ? "check" : "warning"));
  put(place, "text", text(passed ? key : `${key}.failed`, values));
}

tell("origin", location.origin === origin, "setup.address.origin", { here: location.origin, origin });
const [{ responseStart }] = performance.getEntriesByType("navigation");
const offset = performance.timeOrigin + responseStart - Date.parse(now);
const seconds = Math.ceil(Math.abs(offset) / 1000);
tell("clock", seconds <= MOST_SECONDS, "setup.address.clock", { seconds });
const isDone = !one("#address .icon-warning");
const badge = one("#address-mark .badge");
badge.className = `badge ${isDone ? "approved" : "pending"}`;
badge.replaceChildren(icon(isDone ? "check" : "pending"), text(isDone ? "setup.done" : "setup.open"));
onAction({ print: () => print() });
await start();
