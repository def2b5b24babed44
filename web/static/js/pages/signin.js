// Sign in with a passkey: by the button, or by picking it where the browser offers it.

import { post } from "../lib/api.js";
import { one } from "../lib/dom.js";
import { run, say, show, start } from "../lib/page.js";
import * as signals from "../lib/signals.js";
import * as webauthn from "../lib/webauthn.js";
import { text } from "../lib/texts.js";

const form = one("#signin");
const button = one("button", form);

// A ceremony can be completed for five minutes: offer a new one before the old one ends.
const RENEW_MS = 4 * 60_000;
let offering = false;
const REFUSED = ["passkey_unknown", "passkey_removed"];

async function finish({ ceremony, publicKey }, assertion) {
  try {
    await post("/api/authenticate", { ceremony, assertion });
  } catch (error) {
    if (REFUSED.includes(error.code)) await signals.unknown(publicKey.rpId, assertion.id);
    throw error;
  }
  location.assign(form.dataset.next);
}

async function signIn() {
  const begun = await post("/api/authenticate/options", {});
  say(text("page.waiting"));
  await finish(begun, await webauthn.signIn(begun));
  return true;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  // The offer ended when the button asked: it starts again unless the person is signed in.
  if (!(await run(button, signIn))) await offer().catch(show);
});

/** Offer passkeys at the name field, until one is taken or the button asks. */
async function offer() {
  if (offering || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  offering = true;
  one("#autofill").hidden = false;
  try {
    await offerUntilTaken();
  } finally {
    offering = false;
  }
}

async function offerUntilTaken() {
  while (!button.ariaBusy) {
    const begun = await post("/api/authenticate/options", {});
    const renewal = setTimeout(webauthn.cancelConditional, RENEW_MS);
    const beganMs = Date.now();
    const assertion = await webauthn.signInConditional(begun).finally(() => clearTimeout(renewal));
    if (assertion) return finish(begun, assertion);
    // A browser that refuses at once must not be asked in a loop.
    if (Date.now() - beganMs < 1000) return;
  }
}

await start();
button.disabled = one("#problem").hasChildNodes();
if (!button.disabled) offer().catch(show);
