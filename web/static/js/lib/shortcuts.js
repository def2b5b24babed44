// Keyboard shortcuts for what links and buttons do, too. None of them signs or rejects, none fires
// while somebody types, and all can be switched off (WCAG 2.2, 2.1.4).

import { all, one } from "./dom.js";
import { onAction } from "./page.js";

const OFF = "shortcuts-off";
const PAGES = { i: "/inbox", s: "/statements", a: "/audit" };
const SECOND_KEY_MS = 1500;
const TYPED_INTO = "input, select, textarea, [contenteditable]";
const ITEMS = "main .rows th a, main .timeline a[href^='/statements/'], main summary h2";

let goingUntil = 0;

const KEYS = {
  "?": help,
  "/": () => (one("#q") ? one("#q").focus() : location.assign("/statements#q")),
  g: () => {
    goingUntil = Date.now() + SECOND_KEY_MS;
  },
  j: () => move(1),
  k: () => move(-1),
  d: () => look("#changed-title"),
  r: () => look("#bytes"),
  h: () => look("#digest-title"),
};

function help() {
  one("#shortcuts-on").checked = !isOff();
  one("#shortcuts").showModal();
}

function isOff() {
  try {
    return localStorage.getItem(OFF) !== null;
  } catch {
    return false; // no storage: they can be switched off for this page only
  }
}

/** Focus the next or the previous item of a list. */
function move(by) {
  const items = all(ITEMS).map((each) => each.closest("summary") ?? each);
  const at = items.indexOf(document.activeElement);
  items[at < 0 && by < 0 ? items.length - 1 : at + by]?.focus();
}

/** Focus a part of the page, and open what it is folded into. */
function look(selector) {
  const place = one(selector);
  if (!place) return;
  const folded = place.closest("details");
  if (folded) folded.open = true;
  place.tabIndex = place.tabIndex < 0 ? -1 : place.tabIndex;
  place.focus();
}

let off = isOff();

document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey, isComposing, repeat } = event;
  if (off || ctrlKey || metaKey || altKey || isComposing || event.defaultPrevented) return;
  if (target.closest?.(TYPED_INTO) || one("dialog[open]")) return;
  const goes = Date.now() < goingUntil && PAGES[key];
  goingUntil = 0;
  if (goes) location.assign(goes);
  else if (repeat && !"jk".includes(key)) return;
  else if (Object.hasOwn(KEYS, key)) KEYS[key]();
  else return;
  event.preventDefault();
});

one("#shortcuts-on").addEventListener("change", ({ target }) => {
  off = !target.checked;
  if (off) localStorage.setItem(OFF, "1");
  else localStorage.removeItem(OFF);
});

onAction({ keys: help });

// This module is on every page of somebody who is signed in, so it also begins what few people want.
try {
  if (localStorage.getItem("notify")) import("./notify.js").then(({ begin }) => begin());
} catch {
  // This browser keeps nothing for sites.
}
