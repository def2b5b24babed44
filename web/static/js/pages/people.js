// People, invitations and roles. Every act is a change, or a suspension; the dialog shows what it
// does before it is signed.

import { post, settle } from "../lib/api.js";
import { makeChange } from "../lib/changes.js";
import { describe } from "../lib/change-words.js";
import { all, ask, el, one, put } from "../lib/dom.js";
import { approvals, consequences, preview, refused } from "../lib/effects.js";
import { signAct } from "../lib/jws.js";
import { me, onAction, run, say, start } from "../lib/page.js";
import { keyOf, linkOf, newSecret } from "../lib/redeeming.js";
import { live, read, swap } from "../lib/sse.js";
import { catalogue, text } from "../lib/texts.js";
import { confirm } from "../lib/webauthn.js";

const DAY_MS = 86_400_000;
const ADMINISTRATOR = "administrator";
const dialog = one("#change-dialog");
const sign = one("[value=sign]", dialog);
const key = await start();

/** The dialog's latest question, so that an answer to an older one is not shown. */
let asked = 0;

const waiting = () => say("Waiting for your device…");
const words = (items, names) => describe(items, names, catalogue)[0].sentence;

// --- effects first -------------------------------------------------------------------------------

/** Show in the dialog what the items would do; `alone` for an act that needs no other approval. */
async function showEffect(items, { alone = false } = {}) {
  const mine = (asked += 1);
  sign.disabled = true;
  one("#effect").replaceChildren(el("p", { class: "muted" }, text("effect.computing")));
  let shown;
  let possible = true;
  try {
    const found = await preview(items);
    const policy = one("#rules").dataset.policy;
    shown = alone
      ? [el("p", {}, text("effect.suspend-now")), ...consequences([], found)]
      : [...consequences(items, found), approvals(found, policy)];
    possible = alone || found.more !== null;
  } catch (error) {
    possible = false;
    shown = [refused(error)];
  }
  if (mine !== asked) return;
  one("#effect").replaceChildren(...shown);
  sign.disabled = !possible;
}

/** Ask whether to make a change with one item, and make it. Returns the answer, or null. */
async function propose(item) {
  one("#change-title").textContent = `${words([item], names())}?`;
  one("#choose").hidden = true;
  one("#act-reason").required = false;
  showEffect([item]).catch(() => dialog.close());
  if (!(await ask(dialog))) return null;
  return makeChange(key, me, [item], waiting);
}

async function done({ position, status, statementId }, sentence = text("done.approved")) {
  const waits = status === "pending";
  const place = one("#done");
  put(place, "text", waits ? text("done.waits") : sentence);
  place.className = `notice ${waits ? "waiting" : "approved"}`;
  one("[data-where]", place).hidden = !waits;
  one("a", place).href = `/statements/${statementId}`;
  place.hidden = false;
  say(one("[data-text]", place).textContent);
  await settle(position);
  await read(update);
}

// --- people --------------------------------------------------------------------------------------

const names = () =>
  Object.fromEntries(all("[data-user][data-name]", one("main")).map(({ dataset: d }) => [d.user, d.name]));

const openRoles = () =>
  all("#roles [data-role]:not([data-closed])").map(({ dataset }) => dataset.role);

/** Return the acts that are possible for a person, with the roles that each can be about. */
function actsFor({ roles, standing }) {
  const held = roles.split(" ").filter(Boolean);
  const free = openRoles().filter((role) => !held.includes(role));
  return {
    ...(free.length && { "grant-role": free }),
    ...(held.length && { "end-role": held }),
    ...(standing === "active" ? { suspend: null } : { reinstate: null }),
    deactivate: null,
  };
}

const options = (values, label = (value) => value) =>
  values.map((value) => el("option", { value }, label(value)));

async function changePerson({ dataset }) {
  const { user, name } = dataset;
  const acts = actsFor(dataset);
  // One administrator suspends at once, but not another administrator.
  const alone = one("#rules").dataset.suspends !== undefined && !dataset.roles.split(" ").includes(ADMINISTRATOR);
  one("#change-title").textContent = text("act.title", { who: name });
  one("#choose").hidden = false;
  one("#act").replaceChildren(...options(Object.keys(acts), (act) => text(`act.${act}`)));
  const chosen = () => {
    const act = one("#act").value;
    const role = acts[act] && { role: one("#act-role").value };
    return { act, now: alone && act === "suspend", item: { [act]: { user, ...role } } };
  };
  const showRoles = () => {
    const roles = acts[one("#act").value];
    one("#act-role-field").hidden = !roles;
    one("#act-role").replaceChildren(...options(roles ?? []));
    showChosen();
  };
  const showChosen = () => {
    const { now, item } = chosen();
    one("#act-reason-field").hidden = !now;
    one("#act-reason").required = now;
    return showEffect([item], { alone: now }).catch(() => dialog.close());
  };
  one("#act").onchange = showRoles;
  one("#act-role").onchange = showChosen;
  showRoles();
  if (!(await ask(dialog))) return;
  const { now, item } = chosen();
  await done(await (now ? suspend(user) : makeChange(key, me, [item], waiting)));
}

/** Suspend a person at once. */
async function suspend(user) {
  const reason = one("#act-reason").value.trim();
  const act = await signAct(key, me.ledger, "suspend", { user, reason });
  return post(`/api/users/${user}/suspend`, await confirmed(act));
}

/** Return an act with a passkey's assertion over it. */
async function confirmed(act) {
  const { publicKey } = await post("/api/jwt-keys/options", {});
  waiting();
  return { act, assertion: await confirm({ jws: act, ledger: me.ledger, user: me.user, publicKey }) };
}

/** Cancel a recovery of a person that waits. */
async function cancelRecovery({ dataset: { user, id } }) {
  const act = await signAct(key, me.ledger, "cancel-recovery", { recovery: `passkey:${id}`, user });
  await done(await post(`/api/users/${user}/cancel-recovery`, await confirmed(act)));
}

// --- invitations and roles -----------------------------------------------------------------------

async function item({ dataset }) {
  const answer = await propose(JSON.parse(dataset.item));
  if (answer) await done(answer);
}

async function invite() {
  const secret = newSecret();
  const { jwk } = await keyOf(secret, me.ledger);
  const days = Number(one("#invite-days").value);
  const answer = await propose({
    invite: {
      invitation: crypto.randomUUID(),
      role: one("#invite-role").value,
      key: jwk,
      expiresAt: new Date(Date.now() + days * DAY_MS).toISOString(),
    },
  });
  if (!answer) return;
  const place = one("#invitation");
  put(place, "link", linkOf(secret));
  place.hidden = false;
  await done(answer, text("done.invited"));
  one("h3", place).focus();
}

async function define() {
  const answer = await propose({ "define-role": { role: one("#define-role").value } });
  if (!answer) return;
  one("#define").reset();
  await done(answer);
}

// --- the page ------------------------------------------------------------------------------------

function update(next) {
  swap(next);
  arm();
}

function arm() {
  for (const button of all("main button")) if (key && !dialog.contains(button)) button.disabled = false;
}

onAction({ person: changePerson, item, "cancel-recovery": cancelRecovery });
for (const [id, work] of [["#invite", invite], ["#define", define]]) {
  one(id).addEventListener("submit", (event) => {
    event.preventDefault();
    run(event.submitter, work);
  });
}
arm();
live(update);
