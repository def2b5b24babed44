// Puts the titles of a type's schema over the values of a content that is already shown, and the
// members that the schema does not name together at the end. The server renders the same.

import { step } from "../lib/cautions.js";
import { el, one } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { seen } from "./content-view.js";

// The server gives no headings below a long place; a character there can be two here.
const MOST_PLACE = 2000;

/** Add headings to what shows a node of strict-json.js; the script has `{pointer: title or null}`. */
export const head = (shown, content, script) => add(shown, content, JSON.parse(script.textContent));

function add(shown, { kind, members = [] }, headings, place = "") {
  if (!members.length || place.length > MOST_PLACE) return;
  const rows = [...shown.children];
  const others = [];
  members.forEach(([name, node], at) => {
    const here = `${place}/${kind === "object" ? step(name) : at}`;
    const value = kind === "object" ? one(":scope > dd", rows[at]) : rows[at];
    if (node.members?.length) add(value.firstElementChild, node, headings, here);
    const title = headings[here];
    if (title) one(":scope > dt", rows[at]).prepend(el("span", { class: "heading" }, ...seen(title, true)), " ");
    if (title === null) others.push(rows[at]);
  });
  if (!others.length) return;
  const group = el("dl", { class: "fields" }, ...others);
  shown.append(el("div", {}, el("dt", {}, el("span", { class: "heading" }, text("content.others"))), el("dd", {}, group)));
}
