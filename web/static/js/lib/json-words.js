// What is wrong with a JSON text, for the person who writes it.

import { text } from "./texts.js";

/** Return a StrictJsonError as a sentence: where, and what. */
export const jsonWords = ({ line, column, why, what }) =>
  text("json.at", { line, column, message: text(`json.${why}`, { what }) });
