// The inbox and the list of statements: they update, but rows do not move under the pointer.

import { all, one } from "../lib/dom.js";
import { announce, onAction, start } from "../lib/page.js";
import { live, swap } from "../lib/sse.js";
import { text } from "../lib/texts.js";

let latest = null;

const rows = (from) => all("#list tbody tr", from).map((row) => row.id);
const others = () => all("[data-live]").map((place) => place.id).filter((id) => id !== "list");

const picked = () => all(".pick:checked").map(({ value }) => value);

/** The button leads on with those that are chosen; a live update keeps them. */
function choose(values = picked()) {
  for (const pick of all(".pick")) pick.checked = values.includes(pick.value);
  const button = one("[data-action=review]");
  if (button) button.disabled = !picked().length;
}

function swapList(next) {
  const values = picked();
  swap(next, ["list"]);
  choose(values);
}

function update(next) {
  const before = rows(document);
  const count = rows(next).filter((id) => !before.includes(id)).length;
  latest = next;
  document.title = next.title;
  swap(next, others());
  const waiting = count && before.length;
  one("#newer").hidden = !waiting;
  if (waiting) one("#newer button").textContent = text("list.show-new", { n: count });
  else swapList(next);
  if (count) announce(text("list.newer", { count }));
}

onAction({
  review: () => location.assign(`/approvals?only=${picked().join()}`),
  "show-new": () => {
    swapList(latest);
    one("#newer").hidden = true;
    one("#list a")?.focus();
  },
});

document.addEventListener("change", () => choose());
choose(); // what a browser kept when it came back to the page

await start();
// Loaded only where there is one.
if (one("#nudge")) await import("../lib/nudge.js");
live(update);
