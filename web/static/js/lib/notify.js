// Notifications of this browser while a tab is open: opted into on the page Messages. They have no
// title and no content of a statement.

import { get } from "./api.js";

const AT_MOST_EVERY_MS = 2000;
const MOST = 100;

let known = 0;
let resting = false;
let missed = false;

/** Of all tabs of this browser, let one tell of statements that wait, while nobody looks at it. */
export function begin() {
  navigator.locks.request("notify", async () => {
    known = await waiting();
    const source = new EventSource("/api/stream");
    source.addEventListener("position", look);
    await new Promise(() => {}); // until the tab is closed
  });
}

const waiting = async () => (await get(`/api/inbox?limit=${MOST}`)).items.length;

/** Count again, at most every two seconds, and tell if more statements wait than before. */
async function look() {
  if (resting) {
    missed = true;
    return;
  }
  resting = true;
  missed = false;
  const now = await waiting().catch(() => known);
  if (document.hidden && now > known) new Notification(document.body.dataset.waits, { tag: "inbox" });
  known = now;
  setTimeout(() => {
    resting = false;
    if (missed) look();
  }, AT_MOST_EVERY_MS);
}
