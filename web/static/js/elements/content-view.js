// A JSON tree as a definition list: every value, none shortened, exactly as it was written.
// The same markup as the macros `value` and `caution_list` in web/templates/parts.html.

import { countValues, listed, ofStatement, step } from "../lib/cautions.js";
import { el, icon } from "../lib/dom.js";
import { text as said } from "../lib/texts.js";
import { digitGroups, isQuoted, visible } from "../lib/visible.js";

const MOST = 50; // places that are listed; a statement with more is suspicious as a whole

// Below a longer place nothing is linked to: each text there would hold the whole place.
const MOST_PLACE = 2000;

/** The elements of the members that `showContent` drew last, by their JSON pointers. */
export const drawn = new Map();

/** Return the nodes that show a text, with marks for what would mislead; see `visible`. */
export function seen(text, line = false) {
  return visible(text, line).map((run) => (run.mark ? el("span", { class: "mark" }, run.text) : run.text));
}

/** Return the elements that show a JSON tree; `looks` has ids of places that a list links to. */
export function contentView({ kind, text, members }, looks = {}, place = "", depth = 0) {
  const level = depth > 3 ? depth : undefined;
  switch (kind) {
    case "object":
      if (!members.length) return empty("object");
      return el("dl", { class: "fields", "data-level": level }, ...members.map(([name, node]) => {
        const here = below(place, step(name));
        const title = name ? seen(name, true) : [empty("name")];
        const shown = el("dd", {}, contentView(node, looks, here, depth + 1));
        const row = el("div", { id: looks[here] }, el("dt", {}, ...title), shown);
        if (here) drawn.set(here, row);
        return row;
      }));
    case "array":
      if (!members.length) return empty("list");
      return el("ol", { class: "items", "data-level": level }, ...members.map(([, node], at) => {
        const here = below(place, at);
        const item = el("li", { id: looks[here] }, contentView(node, looks, here, depth + 1));
        if (here) drawn.set(here, item);
        return item;
      }));
    case "number":
      return el("span", { class: "number" }, ...digitGroups(text).map((part) => el("span", {}, part)));
    case "string":
      if (!text) return empty("text");
      return el("span", { class: `string${isQuoted(text) ? " quoted" : ""}${text.includes("\n") ? " lines" : ""}` }, ...seen(text));
    default:
      return el("span", { class: "word" }, text);
  }
}

/** Return a place without the middle of one that is long, as `shown_pointer` of the server. */
const shortened = (place) => (place.length > 300 ? `${place.slice(0, 150)}…${place.slice(-150)}` : place);

const below = (place, name) => (place === null || place.length > MOST_PLACE ? null : `${place}/${name}`);

const empty = (kind) => el("span", { class: "empty" }, said(`content.no-${kind}`));

/** Show the content of a statement, list the places to look at, and say how many values it has. */
export function showContent(title, content, { shown, list, count, prefix = "look-" }) {
  const found = ofStatement(title, content);
  const named = listed(found, MOST);
  const ids = named.map(({ place }, at) => [place, `${prefix}${at + 1}`]);
  drawn.clear();
  shown.replaceChildren(contentView(content, Object.fromEntries(ids)));
  list.hidden = found.length === 0;
  list.replaceChildren(...cautionList(named, found.length, prefix));
  count.textContent = said("caution.values", { count: countValues(content) });
}

function cautionList(named, count, prefix) {
  const items = named.map(({ place, kinds }, at) => {
    const link = place && el("a", { href: `#${prefix}${at + 1}` }, el("code", {}, ...seen(shortened(place), true)));
    const why = kinds.map((kind) => said(`caution.${kind}`)).join("; ");
    return el("li", {}, link || said("caution.of-title"), `: ${why}.`);
  });
  const more = count - items.length;
  if (more) items.push(el("li", {}, said("caution.more", { count: more })));
  const title = said("caution.title", { count });
  return [el("h2", {}, icon("warning"), ` ${title}`), el("ul", {}, ...items)];
}
