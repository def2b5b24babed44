// One person: a key or passkey is declared compromised, what a leaver left is withdrawn, and somebody
// who lost everything comes back. Each is a change, whose effect is shown first.

import { dialog, done, key, make, propose, proposeAndTell, serve, showEffect } from "../lib/administer.js";
import { cancelOf, endService } from "../lib/page-acts.js";
import { now } from "../lib/clock.js";
import { all, ask, el, one, put } from "../lib/dom.js";
import { me } from "../lib/page.js";
import { moment } from "../lib/policy.js";
import { keyOf, linkOf, newSecret } from "../lib/redeeming.js";
import { text } from "../lib/texts.js";

const DAY_MS = 86_400_000;
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
  return proposeAndTell(JSON.parse(dataset.item), { [dataset.user]: dataset.name });
}

/** Open a link by which this person comes back; only this page ever shows it. */
async function reEnrol() {
  const { user, name } = one("#re-enrol").dataset;
  const secret = newSecret();
  const { jwk } = await keyOf(secret, me.ledger);
  const expiresAt = new Date(now() + Number(one("#days").value) * DAY_MS).toISOString();
  one("#choose").hidden = true;
  since.required = false;
  const answer = await propose({ "re-enrol": { user, key: jwk, expiresAt } }, { [user]: name });
  if (!answer) return;
  const place = one("#link");
  put(place, "link", linkOf(secret, "re-enrolment"));
  put(place, "until", moment(expiresAt));
  one("[data-waits]", place).hidden = answer.status !== "pending";
  place.hidden = false;
  await done(answer, text("person.back.done"));
  one("h3", place).focus();
}

/** Cancel what waits; an administrator alone may. */
const cancelRecovery = async ({ dataset: { user, recovery } }) =>
  done(await cancelOf(user, recovery, key), text("person.back.cancelled"));

serve(
  { compromise, item, "cancel-recovery": cancelRecovery, "end-service": endService, print: () => print() },
  { "#re-enrol": reEnrol },
);
