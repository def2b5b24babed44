// A change as a list of sentences, with the values that it replaces.
// The same markup as the macro `change` in web/templates/parts.html.

import { describe } from "../lib/change-words.js";
import { sha256Hex } from "../lib/digest.js";
import { el, one } from "../lib/dom.js";
import { consequences, preview, refused } from "../lib/effects.js";
import { jcs } from "../lib/jcs.js";
import { speaker } from "../lib/spoken.js";
import { catalogue, text } from "../lib/texts.js";
import { seen } from "./content-view.js";

/** Return the element that shows a change, with the replaced values whose digests it states. */
export async function changeShown(items, names) {
  const replaced = JSON.parse(one("#replaced").textContent);
  for (const [digest, value] of Object.entries(replaced)) {
    if ((await sha256Hex(jcs(value))) !== digest) delete replaced[digest];
  }
  const described = describe(items, names, catalogue, replaced);
  const spoken = described.some(({ passkeys }) => passkeys.length) && (await speaker());
  return el("ol", { class: "items" }, ...described.map((each) => el("li", {}, el("div", {}, ...shown(each, spoken)))));
}

/** Show what a pending change would do now, to those who can approve it. */
export async function showEffects(items) {
  const canApprove = () => one("#actions [data-action=approve]") !== null;
  if (!canApprove()) return;
  const told = await preview(items).then((found) => consequences(items, found), (error) => [refused(error)]);
  if (!canApprove()) return; // a live update came first
  one("#effect").replaceChildren(...told);
  one("#does").hidden = false;
}

const shown = ({ sentence, before, after, passkeys }, spoken) => [
  el("p", {}, ...seen(sentence)),
  ...(before ? [el("dl", { class: "facts" }, fact(text("change.before"), before), fact(text("change.after"), after))] : []),
  ...(passkeys.length ? [el("dl", { class: "facts" }, ...passkeys.map(([who, cose]) => fact(text("change.passkey", { who }), spoken(cose)))), hint()] : []),
];

const hint = () => el("p", { class: "hint" }, text("change.passkey.hint"));

const fact = (name, value) => el("div", {}, el("dt", {}, ...seen(name)), el("dd", {}, ...seen(value)));
