// Governance: who approves changes, and the charter's values. Others are drafted from the forms, and
// their effect is shown before they are signed.

import { proposeAndTell, serve } from "../lib/administer.js";
import { get } from "../lib/api.js";
import { all, el, one } from "../lib/dom.js";
import { nodePhrase } from "../lib/policy.js";
import { fault } from "../lib/policy-faults.js";
import { speaker } from "../lib/spoken.js";
import { text } from "../lib/texts.js";

const HOUR_MS = 3_600_000;
const form = one("#propose");
const spoken = form && (await speaker());
const candidates = form ? JSON.parse(one("#candidates").textContent) : [];
const roles = all("[name=member][value^='role:']").map(({ value }) => value.slice("role:".length));
const names = Object.fromEntries(candidates.map(({ id, name }) => [id, name]));
/** The passkey that was chosen for each person who has several. */
const chosen = new Map();

/** Return the policy that the form describes. */
function drafted() {
  const of = all("[name=member]:checked", form).map(({ value }) => value);
  return { threshold: one("#threshold").valueAsNumber, of };
}

const covers = (member, { id, roles }) => {
  const name = member.slice(member.indexOf(":") + 1);
  return member.startsWith("role:") ? roles.includes(name) : name === id;
};

/** Return everybody who would fill a place: a policy for two or more names each with a passkey. */
const keepers = ({ of }) =>
  candidates.filter((each) => each.acting !== "deactivated" && of.some((member) => covers(member, each)));

const passkeyOf = ({ id, passkeys }) => chosen.get(id) ?? passkeys.at(-1)?.cose;

function keeper(each) {
  const { id, name, passkeys } = each;
  if (!passkeys.length) return el("p", { class: "error" }, text("governance.keeper.none", { who: name }));
  const select = el("select", { id: `k-${id}` });
  for (const { cose, label } of passkeys) {
    select.append(el("option", { value: cose, ...(cose === passkeyOf(each) && { selected: "" }) }, label));
  }
  const shown = el("p", { class: "spoken" }, spoken(passkeyOf(each)));
  select.onchange = () => {
    chosen.set(id, select.value);
    shown.textContent = spoken(select.value);
  };
  return el("div", { class: "field" }, el("label", { for: `k-${id}` }, name), select, shown);
}

/** Show the policy that the form describes in words, and who would keep a place. */
function draw() {
  const policy = drafted();
  const wrong = wrongWith(policy);
  const says = one("#says");
  says.textContent = wrong || text("governance.says", { policy: nodePhrase(policy, names) });
  says.classList.toggle("error", Boolean(wrong));
  const many = !wrong && policy.threshold > 1;
  one("#keepers").hidden = !many;
  one("#keeper-list").replaceChildren(...(many ? keepers(policy).map(keeper) : []));
}

/** Return what is wrong with the drafted policy, or "". */
const wrongWith = (policy) => fault(policy, roles);

async function propose() {
  const policy = drafted();
  if (wrongWith(policy)) return draw();
  const people = keepers(policy).map((each) => ({ user: each.id, cose: passkeyOf(each) }));
  const { policySha256: was } = await get("/api/governance");
  const item = { policy, ...(policy.threshold > 1 && { people }), was };
  return proposeAndTell({ "set-governance": item }, names);
}

/** Propose other values of the charter: those in force, changed by `change`; null leaves one out. */
async function proposeValues(change) {
  const { values: before, valuesSha256: was } = await get("/api/governance");
  const stated = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null);
  return proposeAndTell({ "set-charter": { values: Object.fromEntries(stated), was } });
}

const registration = ({ dataset }) => proposeValues({ registration: dataset.registration });

const proposeFloor = () =>
  proposeValues({
    floor: {
      people: one("#floor-people").valueAsNumber,
      creatorMaySign: one("#floor-creator").checked,
      assurance: one("#floor-passkey").checked ? "passkey" : "key",
    },
    untyped: one("#floor-untyped").checked,
    maxAge: Math.round(one("#max-age").valueAsNumber * 24) * HOUR_MS,
  });

/** Propose where new keys live and how long a recovery waits; what every ledger has is left out. */
async function proposeKeys() {
  const homes = all("[name=new-home]:checked").map(({ value }) => value).sort();
  const hours = Math.round(one("#recovery-days").valueAsNumber * 24);
  const isFault = homes.join() === "program" || homes.length === 0;
  one("#homes-fault").hidden = !isFault;
  if (isFault) return;
  const isEverywhere = homes.length === all("[name=new-home]").length;
  await proposeValues({
    homes: isEverywhere ? null : homes,
    recoveryWait: hours === 24 ? null : hours * HOUR_MS,
  });
}

form?.addEventListener("input", draw);
if (form) draw();
serve({ registration }, { "#propose": propose, "#propose-floor": proposeFloor, "#propose-keys": proposeKeys });
