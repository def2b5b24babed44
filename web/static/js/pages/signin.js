// Sign in with a passkey: by the button, or by picking it where the browser offers it.

import { post } from "../lib/api.js";
import { one } from "../lib/dom.js";
import { run, say, show, start } from "../lib/page.js";
import * as webauthn from "../lib/webauthn.js";

const form = one("#signin");
const button = one("button", form);

async function finish(ceremony, assertion) {
  await post("/api/authenticate", { ceremony, assertion });
  location.assign(form.dataset.next);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(button, async () => {
    const begun = await post("/api/authenticate/options", {});
    say("Waiting for your device…");
    await finish(begun.ceremony, await webauthn.signIn(begun));
  });
});

async function offer() {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const begun = await post("/api/authenticate/options", {});
  one("#autofill").hidden = false;
  const assertion = await webauthn.signInConditional(begun);
  if (assertion) await finish(begun.ceremony, assertion);
}

await start();
button.disabled = one("#problem").hasChildNodes();
if (!button.disabled) offer().catch(show);
