// Places of the content in the reasons of decisions, as JSON pointers (RFC 6901): offered while a
// rejection is written, and links where a reason is read.

import { all, el, one } from "./dom.js";
import { hides, visible } from "./visible.js";
import { drawn } from "../elements/content-view.js";

const MOST = 500;
const CONTROL = /[\x00-\x1f]/;

/** Offer the places of the content in a dialog; what is added stands in the reason as text. */
export function offer(dialog) {
  const field = one("[data-places]", dialog);
  const [reason, list, add] = ["textarea", "select", "[data-add]"].map((each) => one(each, dialog));
  // A reason with characters that nobody sees is refused.
  const places = [...drawn.keys()].filter((place) => !hides(place) && !CONTROL.test(place)).slice(0, MOST);
  field.hidden = places.length === 0;
  list.replaceChildren(...places.map((place) => {
    const shown = visible(place, true).map(({ text }) => text).join("");
    return el("option", { value: place }, shown);
  }));
  add.onclick = () => {
    const before = reason.value.trimEnd();
    reason.value = `${before}${before && "\n"}${list.value}: `;
    reason.focus();
  };
}

/** Turn the pointers at the beginnings of lines into links to their places. */
export function link() {
  for (const quote of all("#decisions blockquote")) {
    if (one("a, .mark", quote)) continue; // done, or its text is not what was signed
    const lines = quote.textContent.split("\n");
    const nodes = lines.flatMap((line, at) => [...(at ? ["\n"] : []), ...linked(line)]);
    quote.replaceChildren(...nodes);
  }
}

function linked(line) {
  for (let end = line.indexOf(": "); end > 0; end = line.indexOf(": ", end + 1)) {
    const place = drawn.get(line.slice(0, end));
    if (place) {
      place.id ||= `cited-${all("[id^=cited-]").length + 1}`;
      return [el("a", { href: `#${place.id}` }, line.slice(0, end)), line.slice(end)];
    }
  }
  return [line];
}
