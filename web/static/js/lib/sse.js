// Live updates: the server sends the position that it has reached; the page then refetches itself and
// replaces the parts that changed. The focus does not move. The page works without this.

import { all, one, put } from "./dom.js";
import { language, text } from "./texts.js";

const AT_MOST_EVERY_MS = 1000;
const RETRY_MS = 5000;

let source = null;
let retry = 0;
let shown = Number(document.body.dataset.position);
let resting = false;
let wanted = 0;
let lastSeen = new Date();

// The live parts as the server sent them, before this page's modules touch them.
const sent = new Map(all("[data-live]").map((place) => [place.id, place.outerHTML]));

/** Call `update(document)` with the newest version of this page when the ledger has a new position. */
export function live(update) {
  const connect = () => {
    if (source || document.hidden) return;
    source = new EventSource("/api/stream");
    source.addEventListener("open", () => {
      lastSeen = new Date();
      one("#paused").hidden = true;
    });
    source.addEventListener("position", (event) => {
      lastSeen = new Date();
      refresh(JSON.parse(event.data).position, update);
    });
    source.addEventListener("error", () => {
      paused();
      // The browser does not retry a connection that the server refused.
      if (source?.readyState === EventSource.CLOSED) {
        close();
        retry = setTimeout(connect, RETRY_MS);
      }
    });
  };
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  // A browser opens at most six connections to one server: hidden tabs must not hold them all.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : connect()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", connect);
  window.addEventListener("offline", paused);
  window.addEventListener("online", () => {
    close();
    connect();
  });
  connect();
}

/** Refetch the page if it shows an earlier position than this, at most once a second. */
async function refresh(position, update) {
  wanted = Math.max(wanted, position);
  if (resting || wanted <= shown) return;
  resting = true;
  await read(update);
  setTimeout(() => {
    resting = false;
    refresh(wanted, update);
  }, AT_MOST_EVERY_MS);
}

/** Refetch the page. */
export async function read(update) {
  const next = await load(location.href);
  // The server answered with another page, for instance the sign-in page: change nothing.
  if (next?.body.className !== document.body.className) return paused();
  shown = Number(next.body.dataset.position);
  lastSeen = new Date();
  return update(next);
}

/** Return a page of ours as an inert document: its scripts do not run. */
function load(address) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.onloadend = () => resolve(request.status === 200 ? request.response : null);
    request.send();
  });
}

/** Replace the `[data-live]` parts that changed; open details and the focus stay as they were. */
export function swap(next, ids) {
  const places = ids ? ids.map((id) => one(`#${id}`)) : all("[data-live]");
  for (const place of places) {
    const fresh = next.getElementById(place.id);
    if (!fresh || sent.get(place.id) === fresh.outerHTML) continue;
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const open = all("details[open][id]", place).map((each) => each.id);
    const copy = document.importNode(fresh, true);
    sent.set(place.id, fresh.outerHTML);
    place.replaceWith(copy);
    for (const id of open) one(`#${id}`)?.setAttribute("open", "");
    refocus(copy, focused);
  }
}

function refocus(place, focused) {
  if (!focused) return;
  const { action } = focused.dataset;
  const again = focused.id ? one(`#${focused.id}`) : action && one(`[data-action=${action}]`, place);
  (again ?? one("#main")).focus({ preventScroll: true });
}

function paused() {
  const time = lastSeen.toLocaleTimeString(language);
  put(one("#paused"), "text", text("page.paused", { time }));
  one("#paused").hidden = false;
}
