// Puts the titles of a type's schema over the values of a content that is already shown, and the
// members that the schema does not name together at the end. The server renders the same.

import { el, one } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { seen } from "./content-view.js";

/** Add headings to what shows a node of strict-json.js; the script has the titles of a schema. */
export const head = (shown, content, script) => add(shown, content, JSON.parse(script.textContent));

function add(shown, { kind, members = [] }, schema) {
  if (!schema || !members.length) return;
  const { properties, additionalProperties, items } = schema;
  const rows = [...shown.children];
  const others = [];
  members.forEach(([name, node], at) => {
    const isNamed = properties && kind === "object" && Object.hasOwn(properties, name);
    const nested = isNamed ? properties[name] : kind === "object" ? additionalProperties : items;
    const value = kind === "object" ? one(":scope > dd", rows[at]) : rows[at];
    if (node.members?.length) add(value.firstElementChild, node, nested);
    if (!properties || kind !== "object") return;
    if (!isNamed) others.push(rows[at]);
    else if (nested?.title) one(":scope > dt", rows[at]).prepend(el("span", { class: "heading" }, ...seen(nested.title, true)), " ");
  });
  if (!others.length) return;
  const group = el("dl", { class: "fields" }, ...others);
  shown.append(el("div", {}, el("dt", {}, el("span", { class: "heading" }, text("content.others"))), el("dd", {}, group)));
}
