// One event as it is stored: its entry, hashed in this browser, the one before, and its body.

import { bytes, get } from "./api.js";
import { decode } from "./b64u.js";
import { bytesOf, hex, sha256Hex } from "./digest.js";
import { el } from "./dom.js";
import { text } from "./texts.js";
import { leafHash } from "./tree.js";

const row = (name, ...value) => el("div", {}, el("dt", {}, text(`audit.raw.${name}`)), el("dd", {}, ...value));
const code = (told) => el("code", {}, told);
const entry = (index) => bytes(`/log/entries/${index}`);

/** Fill a place with the event of its position; what was compared here says so. */
export async function show(place) {
  const position = Number(place.dataset.event);
  place.textContent = text("audit.raw.loading");
  try {
    const raw = await entry(position - 1);
    const said = new TextDecoder().decode(raw);
    const previous = position > 1 ? hex(await leafHash(await entry(position - 2))) : null;
    const rows = [
      row("entry", el("pre", { class: "bytes", tabindex: 0, "aria-label": text("audit.raw.entry") }, said)),
      row("leaf", code(hex(await leafHash(raw)))),
    ];
    if (previous) rows.push(row("previous", code(previous)));
    if (place.dataset.body !== undefined) rows.push(await body(position, JSON.parse(said).body.sha256));
    place.replaceChildren(el("dl", { class: "facts" }, ...rows));
  } catch (error) {
    place.textContent = error.message;
  }
}

/** Return the body, which auditors get, compared with the entry that commits to it. */
async function body(position, commitment) {
  const found = await get(`/api/events/${position}`);
  if (found.body === null) return row("body", text("audit.raw.erased", { change: found.erasedBy }));
  const [salt, told] = [decode(found.salt), bytesOf(found.body)];
  const whole = new Uint8Array(salt.length + told.length);
  whole.set(salt);
  whole.set(told, salt.length);
  const fits = (await sha256Hex(whole)) === commitment;
  const shown = el("pre", { class: "bytes", tabindex: 0, "aria-label": text("audit.raw.body") }, found.body);
  return row("body", shown, el("p", {}, text(fits ? "audit.raw.fits" : "audit.raw.differs")));
}
