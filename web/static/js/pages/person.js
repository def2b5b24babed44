// One person: a key or passkey is declared compromised, and what a leaver left is withdrawn. Each is a
// change, whose effect is shown first.

import { dialog, done, make, proposeAndTell, serve, showEffect } from "../lib/administer.js";
import { now } from "../lib/clock.js";
import { all, ask, el, one } from "../lib/dom.js";
import { text } from "../lib/texts.js";

const since = one("#since");

/** Return a time as the field of the person's own clock writes it, in minutes. */
const inField = (ms) =>
  new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** Return the time in the field; its minute may have begun before the key did. */
const chosenTime = (began) =>
  new Date(Math.min(Math.max(Date.parse(since.value) || 0, Date.parse(began)), now())).toISOString();

const choice = ([reference, kid]) =>
  el(
    "div",
    { class: "choice" },
    el("input", { type: "checkbox", name: "also", id: `also-${kid}`, value: reference }),
    el("label", { for: `also-${kid}` }, text("person.key"), " ", el("code", {}, kid)),
  );

async function compromise({ dataset }) {
  const { user, name, kind, reference, began } = dataset;
  const others = JSON.parse(dataset.also);
  one("#change-title").textContent = text("person.compromise.title", { who: name });
  one("#choose").hidden = false;
  one("#also-field").hidden = !others.length;
  one("#also").replaceChildren(...others.map(choice));
  Object.assign(since, { min: inField(Date.parse(began)), max: inField(now()), value: inField(now()) });
  since.required = true;
  const drafted = () => {
    const also = all("[name=also]:checked", dialog).map(({ value }) => value);
    const named = reference.slice(reference.indexOf(":") + 1);
    const members = { user, [kind]: named, since: chosenTime(began), ...(also.length && { also }) };
    return { "declare-compromise": members };
  };
  const show = () => showEffect([drafted()]).catch(() => dialog.close());
  one("#choose").onchange = show;
  show();
  if (await ask(dialog)) await done(await make([drafted()]));
}

function item({ dataset }) {
  one("#choose").hidden = true;
  since.required = false;
  return proposeAndTell(JSON.parse(dataset.item));
}

serve({ compromise, item }, {});
