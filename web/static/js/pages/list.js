// The inbox and the list of statements: they update, but rows do not move under the pointer.

import { all, one } from "../lib/dom.js";
import { announce, onAction, start } from "../lib/page.js";
import { live, swap } from "../lib/sse.js";

let latest = null;

const rows = (from) => all("#list tbody tr", from).map((row) => row.id);
const others = () => all("[data-live]").map((place) => place.id).filter((id) => id !== "list");

function update(next) {
  const before = rows(document);
  const count = rows(next).filter((id) => !before.includes(id)).length;
  latest = next;
  document.title = next.title;
  swap(next, others());
  const waiting = count && before.length;
  one("#newer").hidden = !waiting;
  if (waiting) one("#newer button").textContent = `Show ${count} new`;
  else swap(next, ["list"]);
  if (count) announce(count === 1 ? "1 new statement." : `${count} new statements.`);
}

onAction({
  "show-new": () => {
    swap(latest, ["list"]);
    one("#newer").hidden = true;
    one("#list a")?.focus();
  },
});

await start();
// Loaded only where there is one.
if (one("#nudge")) await import("../lib/nudge.js");
live(update);
