// The texts of this page, which the server took from its catalogue (web/locale/en.json).

import { quoted } from "./quoted.js";

/** The language of this page. */
export const language = document.documentElement.lang;

/** Every text of this page by its key. */
export const catalogue = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/** Return a text with its values; with `count`, that of one or of several. */
export function text(key, values = {}) {
  const full = "count" in values ? `${key}.${values.count === 1 ? "one" : "other"}` : key;
  return fill(catalogue[full], values);
}

const CHOSEN = ["who", "title", "passkey"]; // by people

/** Return a text with `{name}` replaced by the value of that name: in quotation marks if people chose it. */
export const fill = (template, values) =>
  template.replace(/\{(\w+)\}/g, (_, name) => (CHOSEN.includes(name) ? quoted(values[name]) : values[name]));

/** Return a time on this device's clock, as the page's language writes it. */
export const localTime = (time) => new Date(time).toLocaleString(language);
