// Register: make a passkey, then a signing key of this browser that the passkey attests.

import { get, post, settle } from "../lib/api.js";
import { attestKey } from "../lib/attestation.js";
import { one, put } from "../lib/dom.js";
import { me, run, say, show, start } from "../lib/page.js";
import { moment, nodePhrase } from "../lib/policy.js";
import { keyOf, redeemInvitation, secretHere } from "../lib/redeeming.js";
import { chosenHome, offerHomes } from "../lib/setup.js";
import * as signals from "../lib/signals.js";
import { catalogue, text } from "../lib/texts.js";
import * as newPasskey from "../lib/new-passkey.js";

const form = one("#register");
// The key of the invitation link, undefined without one, and the governance policy that comes with it.
let invitation;
let governance = null;
// A passkey that was made and not yet used: a second attempt must not ask for another one.
let begun = null;

/** Return the name as the ledger takes it: Normalization Form C, single spaces between words. */
const nameInOneForm = () => one("#name").value.normalize("NFC").trim().replace(/ {2,}/g, " ");

function step(number) {
  for (const each of [1, 2, 3]) {
    const item = one(`#step-${each}`);
    item.classList.toggle("done", each < number);
    if (each === number) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  if (number <= 2) say(text("register.waiting", { n: number }));
}

async function begin() {
  const role = invitation ? null : new FormData(form).get("role");
  const name = nameInOneForm();
  const options = await post("/api/credentials", {
    name,
    ...(role && { role }),
    ...(invitation && { invitation: invitation.kid }),
  });
  step(1);
  const { registration, cose } = await newPasskey.create(options);
  return { options, registration, cose, name };
}

async function complete({ options, registration, cose }) {
  const { ceremony, ledger, user, publicKey } = options;
  step(2);
  const redeem = invitation && (await redeemInvitation(invitation, { cose, ledger, user, governance }));
  const asked = { ...options, publicKey: newPasskey.onlyWith({ registration, publicKey }) };
  return attestKey(asked, chosenHome(form), (key) =>
    post("/api/register/complete", { ceremony, registration, key, redeem }),
  );
}

/** Begin anew next time; if the ledger certainly took nothing, this passkey opens nothing here. */
async function giveUp({ status }) {
  const { options, registration, unsure } = begun;
  begun = null;
  if (!unsure && [400, 422].includes(status)) {
    await signals.unknown(options.publicKey.rp.id, registration.id);
  }
}

async function register() {
  if (!begun || begun.name !== nameInOneForm()) begun = await begin();
  try {
    const { position } = await complete(begun);
    step(3);
    say(text("register.registered"));
    await settle(position);
    location.assign(`/account/codes?next=${encodeURIComponent(form.dataset.next)}`);
  } catch (error) {
    if (error.refused === false && begun) begun.unsure = true; // it may be recorded
    if (error.refused) await giveUp(error);
    throw error;
  }
}

/** Show what the invitation link is for; throw for a link that is over, before any prompt. */
async function lookAtInvitation(secret) {
  one("#uninvited").hidden = true;
  one("#registering").hidden = true;
  const key = await keyOf(secret, me.ledger);
  const { role, expiresAt, invitedBy, governance: policy } = await get(`/api/invitations/${key.kid}`);
  governance = policy;
  const place = one("#invited");
  put(place, "role", role ?? text("register.no-role"));
  const can = catalogue[`roles.can.${role}`] ?? text("roles.can-defined");
  put(place, "can", role === null ? text("register.granted-later") : can);
  put(place, "accepts", policy && text("register.accepts", { policy: nodePhrase(policy, {}) }));
  one("[data-accepting]", place).hidden = policy === null;
  put(place, "host", location.host);
  put(place, "by", invitedBy === null ? text("register.by-operator") : text("register.by", { who: invitedBy }));
  put(place, "until", expiresAt === null ? text("register.until.first") : text("register.until.time", { time: moment(expiresAt) }));
  one("h1").textContent = text("register.invited");
  place.hidden = false;
  one("#roles").hidden = true;
  one("#registering").hidden = false;
  return key;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(one("button", form), register);
});

await start();
const secret = secretHere();
if (form && secret !== null && !one("#problem").hasChildNodes()) {
  try {
    invitation = await lookAtInvitation(secret);
  } catch (error) {
    show(error);
  }
}
if (form && !one("#problem").hasChildNodes()) {
  one("button", form).disabled = !(await offerHomes());
}
// Another link that is opened in this tab changes the fragment alone.
addEventListener("hashchange", () => location.reload());
