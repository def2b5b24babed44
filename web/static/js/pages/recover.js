// Use a recovery code, or the link of a re-enrolment: make a passkey that works when its waiting time
// is over.

import { post } from "../lib/api.js";
import { encode } from "../lib/b64u.js";
import { secretOf } from "../lib/codes.js";
import { one, put } from "../lib/dom.js";
import { me, run, say, show, start } from "../lib/page.js";
import { keyOf, redeemFor, secretHere } from "../lib/redeeming.js";
import { speaker } from "../lib/spoken.js";
import * as signals from "../lib/signals.js";
import { localTime, text } from "../lib/texts.js";
import * as newPasskey from "../lib/new-passkey.js";

const RE_ENROLMENT = "re-enrolment";
const form = one("#recover");
const secret = secretHere(RE_ENROLMENT); // null for somebody who types a code
// A passkey that was made and not yet added: a second attempt must not make another one.
let made = null;

async function begin(code) {
  const begun = await post("/api/recoveries/options", { code: code.kid });
  say(text("recover.step", { n: 1 }));
  return { begun, kid: code.kid, ...(await newPasskey.create(begun)) };
}

/** Return the request that uses a code or link; sent again, it gets the first answer. */
async function bodyOf(code, { begun, registration, cose }) {
  const { ceremony, ledger, nonce, user, publicKey } = begun;
  say(text("recover.step", { n: 2 }));
  const withNew = newPasskey.onlyWith({ registration, publicKey });
  const about = { cose, ledger, nonce, user, publicKey: withNew };
  const assertion = await newPasskey.showNewPasskey(about, "redeem");
  const redeem = await redeemFor(secret === null ? "recovery" : RE_ENROLMENT, code, { cose, ledger, user });
  return { ceremony, registration, assertion, redeem };
}

async function recover() {
  const code = await keyOf(secret ?? encode(secretOf(one("#code").value)), me.ledger);
  if (made?.kid !== code.kid) made = await begin(code);
  try {
    made.body ??= await bodyOf(code, made);
    const { activeFrom, needsAdmission } = await post("/api/recoveries", made.body);
    if (secret !== null) one("#then").textContent = text("recover.back.waits");
    if (needsAdmission) put(one("#admission"), "words", (await speaker())(made.cose));
    one("#admission").hidden = !needsAdmission;
    put(one("#waits"), "time", localTime(activeFrom));
    form.hidden = true;
    one("#waits").hidden = false;
    one("#waits h2").focus();
  } catch (error) {
    if (error.refused) {
      await signals.unknown(made.begun.publicKey.rp.id, made.registration.id);
      made = null;
    }
    throw error;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(one("button", form), recover);
});
/** Say whom the link lets come back; throw for one that is over, before any prompt. */
async function lookAtLink() {
  one("#ladder").hidden = true;
  one("#code-field").hidden = true;
  one("#code").required = false;
  one("h1").textContent = text("recover.back.title");
  one("button", form).textContent = text("recover.back.button");
  const { kid } = await keyOf(secret, me.ledger);
  const { publicKey } = await post("/api/recoveries/options", { code: kid });
  one("#lead").textContent = text("recover.back.lead", { who: publicKey.user.name, wait: form.dataset.wait });
}

await start();
if (secret !== null && !one("#problem").hasChildNodes()) await lookAtLink().catch(show);
one("button", form).disabled = one("#problem").hasChildNodes();
// Another link that is opened in this tab changes the fragment alone.
addEventListener("hashchange", () => location.reload());
