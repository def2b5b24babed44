// People and invitations. Every act is a change, or a suspension; the dialog shows what it does before
// it is signed.

import { dialog, done, key, make, propose, proposeAndTell, serve, showEffect } from "../lib/administer.js";
import { post } from "../lib/api.js";
import { cancelOf, endService } from "../lib/page-acts.js";
import { ask, el, one, put } from "../lib/dom.js";
import { signAct } from "../lib/jws.js";
import { me } from "../lib/page.js";
import { moment } from "../lib/policy.js";
import { keyOf, linkOf, newSecret } from "../lib/redeeming.js";
import { confirmed } from "../lib/stepup.js";
import { speaker } from "../lib/spoken.js";
import { text } from "../lib/texts.js";

const DAY_MS = 86_400_000;

const spoken = await speaker();

// --- people --------------------------------------------------------------------------------------

/** The open roles, as the form for invitations offers them, and those that only a grant gives. */
const openRoles = () => one("#invite").dataset.roles.split(" ");
const granted = () => one("#rules").dataset.granted.split(" ");

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
  const passkeys = JSON.parse(dataset.passkeys);
  // One person of governance suspends at once, but nobody of governance.
  const alone = one("#rules").dataset.suspends !== undefined && dataset.governs === undefined;
  one("#change-title").textContent = text("act.title", { who: name });
  one("#choose").hidden = false;
  one("#act").replaceChildren(...options(Object.keys(acts), (act) => text(`act.${act}`)));
  one("#act-passkey").replaceChildren(
    ...passkeys.map(({ cose, label }) => el("option", { value: cose }, label)),
  );
  const chosen = () => {
    const act = one("#act").value;
    const role = acts[act] && one("#act-role").value;
    const needsPasskey = act === "grant-role" && granted().includes(role);
    const members = { user, ...(role && { role }), ...(needsPasskey && { cose: one("#act-passkey").value }) };
    return { needsPasskey, now: alone && act === "suspend", item: { [act]: members } };
  };
  const showRoles = () => {
    const roles = acts[one("#act").value];
    one("#act-role-field").hidden = !roles;
    one("#act-role").replaceChildren(...options(roles ?? []));
    showChosen();
  };
  const showChosen = () => {
    const { needsPasskey, now, item } = chosen();
    one("#act-passkey-field").hidden = !needsPasskey;
    one("#act-cose").textContent = needsPasskey ? spoken(one("#act-passkey").value) : "";
    one("#act-reason-field").hidden = !now;
    one("#act-reason").required = now;
    return showEffect([item], { alone: now }).catch(() => dialog.close());
  };
  one("#act").onchange = showRoles;
  one("#act-role").onchange = one("#act-passkey").onchange = showChosen;
  showRoles();
  if (!(await ask(dialog))) return;
  const { now, item } = chosen();
  await done(await (now ? suspend(user) : make([item])));
}

/** Suspend a person at once. */
async function suspend(user) {
  const reason = one("#act-reason").value.trim();
  const act = await signAct(key, me.ledger, "suspend", { user, reason });
  return post(`/api/users/${user}/suspend`, (await confirmed(act)).body);
}

/** Cancel a recovery of a person that waits. */
const cancelRecovery = async ({ dataset: { user, recovery } }) => done(await cancelOf(user, recovery, key));

// --- invitations ---------------------------------------------------------------------------------

/** Propose one item in the dialog, without its choice of acts. */
function plainly(work) {
  one("#choose").hidden = true;
  one("#act-reason").required = false;
  return work();
}

const item = ({ dataset }) => plainly(() => proposeAndTell(JSON.parse(dataset.item)));

async function invite() {
  const secret = newSecret();
  const { jwk } = await keyOf(secret, me.ledger);
  const [role, days] = [one("#invite-role").value, Number(one("#invite-days").value)];
  const expiresAt = new Date(Date.now() + days * DAY_MS).toISOString();
  const members = { invitation: crypto.randomUUID(), role, key: jwk, expiresAt };
  const answer = await plainly(() => propose({ invite: members }));
  if (!answer) return;
  const place = one("#invitation");
  put(place, "link", linkOf(secret));
  put(place, "role", role);
  put(place, "until", moment(expiresAt));
  one("[data-waits]", place).hidden = answer.status !== "pending";
  place.hidden = false;
  await done(answer, text("done.invited"));
  one("h3", place).focus();
}

serve({ person: changePerson, item, "cancel-recovery": cancelRecovery, "end-service": endService, print: () => print() }, { "#invite": invite });
