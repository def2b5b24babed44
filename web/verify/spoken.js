// The language of the page: the browser's, until its reader chooses another at the foot.
//
// Reports are English, for programs too. So `text` speaks English while bundles are verified, and the
// reader's language only within `speaking`, which is how everything is shown.

import { all } from "../static/js/lib/dom.js";
import { catalogue, text } from "../static/js/lib/texts.js";

const ENGLISH = "en";
const TEXTS = { [ENGLISH]: { ...catalogue } };
for (const script of all("script[data-language]")) TEXTS[script.dataset.language] = JSON.parse(script.textContent);
let spoken = ENGLISH;

/** Tell whether the page speaks the language that reports are in. */
export const isEnglish = () => spoken === ENGLISH;

/** Return what `act` returns, which says everything in the language of the page; it must not wait. */
export function speaking(act) {
  Object.assign(catalogue, TEXTS[spoken]);
  try {
    return act();
  } finally {
    Object.assign(catalogue, TEXTS[ENGLISH]);
  }
}

/** Return the first language of the browser that the page speaks. */
export const preferred = () =>
  navigator.languages.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => tag in TEXTS) ?? ENGLISH;

/** Speak a language from now on: in what the page says by itself, and in what is shown after. */
export function speak(tag) {
  spoken = tag;
  document.documentElement.lang = tag;
  speaking(() => {
    for (const place of all("[data-say]")) place.textContent = text(place.dataset.say);
    for (const place of all("[data-say-label]")) place.setAttribute("aria-label", text(place.dataset.sayLabel));
  });
  for (const button of all("[data-speak]")) button.setAttribute("aria-pressed", String(button.dataset.speak === tag));
}
