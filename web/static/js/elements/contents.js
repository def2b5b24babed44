// An index of a long statement, and how much of it has been on the screen.

import { el, one } from "../lib/dom.js";
import { text } from "../lib/texts.js";

const LEAST_PARTS = 4;
const LEAST_SCREENS = 2;

/** Put an index before the content if it is long, and say in the bar how far its reader has come. */
export function index(shown, bar) {
  const parts = [...(shown.firstElementChild?.children ?? [])];
  if (parts.length < LEAST_PARTS || shown.offsetHeight < LEAST_SCREENS * innerHeight) return;
  const items = parts.map((part, at) => {
    part.id ||= `part-${at + 1}`;
    const name = [...one("dt", part).childNodes].map((node) => node.cloneNode(true));
    return el("li", {}, el("a", { href: `#${part.id}` }, ...name));
  });
  const list = el("nav", { "aria-label": text("contents.label") }, el("ol", {}, ...items));
  const title = el("summary", {}, text("contents.title", { all: parts.length }));
  shown.before(el("details", { id: "contents" }, title, list));
  if (bar) follow(parts, bar);
}

function follow(parts, bar) {
  const told = el("p", { id: "come", class: "muted small" });
  bar.prepend(told);
  let come = 0;
  const look = () => {
    const edge = innerHeight - bar.offsetHeight;
    while (come < parts.length && parts[come].getBoundingClientRect().bottom <= edge) come += 1;
    told.textContent = text("contents.come", { come, all: parts.length });
  };
  addEventListener("scroll", look, { passive: true });
  look();
}
