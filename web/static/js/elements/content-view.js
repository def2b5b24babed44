// A JSON tree as a definition list: every value, none shortened, exactly as it was written.
// The same markup as the macro `value` in web/templates/parts.html.

import { el } from "../lib/dom.js";
import { digitGroups, visible } from "../lib/visible.js";

/** Return the nodes that show a text, unseen characters as marks. */
export function seen(text) {
  return visible(text).map((run) => (run.mark ? el("span", { class: "mark" }, run.text) : run.text));
}

/** Return the element that shows a node of strict-json.js. */
export function contentView({ kind, text, members }) {
  switch (kind) {
    case "object":
      if (!members.length) return empty("object");
      return el("dl", { class: "fields" }, ...members.map(field));
    case "array":
      if (!members.length) return empty("list");
      return el("ol", { class: "items" }, ...members.map(([, node]) => el("li", {}, contentView(node))));
    case "number":
      return el("span", { class: "number" }, ...digitGroups(text).map((part) => el("span", {}, part)));
    case "string":
      return text ? el("span", { class: "string" }, ...seen(text)) : empty("text");
    default:
      return el("span", { class: "word" }, text);
  }
}

const field = ([name, node]) =>
  el("div", {}, el("dt", {}, ...seen(name)), el("dd", {}, contentView(node)));

const empty = (kind) => el("span", { class: "empty" }, `empty ${kind}`);
