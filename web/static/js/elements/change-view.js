// A change as a list of sentences, with the values that it replaces.
// The same markup as the macro `change` in web/templates/parts.html.

import { el } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { seen } from "./content-view.js";

/** Return the element that shows what `describe` returned. */
export function changeView(described) {
  return el("ol", { class: "items" }, ...described.map((each) => el("li", {}, el("div", {}, ...shown(each)))));
}

const shown = ({ sentence, before, after }) => [
  el("p", {}, ...seen(sentence)),
  ...(before ? [el("dl", { class: "facts" }, fact("before", before), fact("after", after))] : []),
];

const fact = (name, value) =>
  el("div", {}, el("dt", {}, text(`change.${name}`)), el("dd", {}, ...seen(value)));
