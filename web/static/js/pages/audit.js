// The audit page: moving through positions with a slider, which only fills in the form's number.

import { one } from "../lib/dom.js";
import { start } from "../lib/page.js";

const slide = one("#slide");
const number = one("#at");
const tell = () => slide.setAttribute("aria-valuetext", `Position ${slide.value} of ${slide.max}`);

slide.closest("[hidden]").removeAttribute("hidden");
slide.addEventListener("input", () => {
  number.value = slide.value;
  tell();
});
slide.addEventListener("change", () => one("#travel").requestSubmit());
number.addEventListener("input", () => {
  slide.value = number.value;
  tell();
});
// Ten at a time with the page keys; browsers step by a share of the whole.
slide.addEventListener("keydown", (event) => {
  const step = { PageUp: 10, PageDown: -10 }[event.key];
  if (!step) return;
  event.preventDefault();
  slide.value = Number(slide.value) + step;
  slide.dispatchEvent(new Event("input"));
});
tell();
await start();
