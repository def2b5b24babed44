// Register: make a passkey, then a signing key of this browser that the passkey attests.

import { NoAnswer, Problem, post, settle } from "../lib/api.js";
import { attestKey } from "../lib/attestation.js";
import { one } from "../lib/dom.js";
import { run, say, start } from "../lib/page.js";
import { chosenHome, offerHomes } from "../lib/setup.js";
import * as webauthn from "../lib/webauthn.js";

const form = one("#register");
// A passkey that was made and not yet used: a second attempt must not ask for another one.
let begun = null;

/** Return the name as the ledger takes it: Normalization Form C, single spaces between words. */
const nameInOneForm = () => one("#name").value.normalize("NFC").trim().replace(/ {2,}/g, " ");

function step(number) {
  for (const each of [1, 2]) {
    const item = one(`#step-${each}`);
    item.classList.toggle("done", each < number);
    if (each === number) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  if (number <= 2) say(`Step ${number} of 2. Waiting for your device…`);
}

async function begin() {
  const { invitation } = form.dataset;
  const role = new FormData(form).get("role");
  const name = nameInOneForm();
  const options = await post("/api/credentials", {
    name,
    ...(role && { role }),
    ...(invitation && { invitation }),
  });
  step(1);
  const { registration } = await webauthn.create(options);
  return { options, registration, name };
}

function complete({ options, registration }) {
  const { ceremony, publicKey } = options;
  step(2);
  const asked = { ...options, publicKey: webauthn.onlyWith({ registration, publicKey }) };
  return attestKey(asked, chosenHome(form), (key) =>
    post("/api/register/complete", { ceremony, registration, key }),
  );
}

/** Begin anew next time; if the ledger certainly took nothing, this passkey opens nothing here. */
async function giveUp({ status }) {
  const { options, registration, unsure } = begun;
  begun = null;
  if (!unsure && [400, 422].includes(status)) {
    await webauthn.signalUnknown(options.publicKey.rp.id, registration.id);
  }
}

async function register() {
  if (!begun || begun.name !== nameInOneForm()) begun = await begin();
  try {
    const { position } = await complete(begun);
    step(3);
    say("You are registered. Opening your inbox…");
    await settle(position);
    location.assign(form.dataset.next);
  } catch (error) {
    if (error instanceof NoAnswer && begun) begun.unsure = true; // it may be recorded
    if (error instanceof Problem) await giveUp(error);
    throw error;
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  run(one("button", form), register);
});

await start();
if (form && !one("#problem").hasChildNodes()) {
  await offerHomes();
  one("button", form).disabled = false;
}
