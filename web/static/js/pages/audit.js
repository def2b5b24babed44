// The audit page: moving through positions in place, raw events, and the re-check of the log.

import { all, one, put } from "../lib/dom.js";
import { announce, onAction, say, start } from "../lib/page.js";
import { read, swap } from "../lib/sse.js";
import { text } from "../lib/texts.js";

const STEP_MS = 1500;
const PAUSE_MS = 250; // between two positions: a key that is held down asks for many
const slide = one("#slide");
const number = one("#at");
const newest = Number(slide.max);
let wanted = null;
let moving = false;
let playing = 0;

const shown = () => Number(slide.value);

function tell() {
  const here = one("#here");
  const told = here.dataset.position === slide.value ? here.textContent : "";
  slide.setAttribute("aria-valuetext", told || text("audit.position", { at: slide.value, newest }));
}

/** Show the page of another position in place; of several in a row, the last one. */
async function go(position) {
  const at = Math.min(Math.max(position, 1), newest);
  number.value = at;
  slide.value = at;
  tell();
  wanted = at;
  if (moving) return;
  moving = true;
  try {
    while (wanted !== null) {
      const address = new URL(location.href);
      for (const name of ["time", "cursor"]) address.searchParams.delete(name);
      address.searchParams.set("at", wanted);
      wanted = null;
      history.replaceState(null, "", address);
      await read((next) => {
        document.title = next.title;
        swap(next);
        tell();
        announce(one("#here").textContent);
      });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    moving = false;
  }
}

function play(on) {
  clearInterval(playing);
  playing = on
    ? setInterval(() => (shown() < newest ? moving || go(shown() + 1) : play(false)), STEP_MS)
    : 0;
  put(one("[data-action=play]"), "text", text(on ? "audit.pause" : "audit.play"));
}

for (const each of all("[data-scripted]")) each.hidden = false;
slide.addEventListener("input", () => {
  play(false);
  go(shown());
});
// An address names only what is asked for.
one("#travel").addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) if (!value) formData.delete(name);
});
number.addEventListener("input", () => {
  slide.value = number.value;
  tell();
});
// Ten at a time with the page keys; browsers step by a share of the whole.
slide.addEventListener("keydown", (event) => {
  const step = { PageUp: 10, PageDown: -10 }[event.key];
  if (!step) return;
  event.preventDefault();
  play(false);
  go(shown() + step);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-step]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  play(false);
  go(shown() + Number(link.dataset.step));
});
// `toggle` does not bubble; an event is fetched when it is opened for the first time.
document.addEventListener(
  "toggle",
  async ({ target }) => {
    const place = target.open && one("[data-event]:empty", target);
    if (place) await (await import("../lib/raw-event.js")).show(place);
  },
  true,
);

let check = null;
onAction({
  play: () => play(!playing),
  recheck: async () => {
    if (check) return stop();
    const { begin } = await import("../lib/recheck.js");
    put(one("[data-action=recheck]"), "text", text("audit.recheck.cancel"));
    check = begin(one("#recheck-says"), one("#recheck-progress"), (told) => {
      stop();
      say(told);
    });
    return undefined;
  },
});

function stop() {
  check?.terminate();
  check = null;
  one("#recheck-progress").hidden = true;
  put(one("[data-action=recheck]"), "text", text("audit.recheck.again"));
}

tell();
await start();
