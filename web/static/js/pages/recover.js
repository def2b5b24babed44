// Use a recovery code: make a passkey that works when its waiting time is over.

import { post, Problem } from "../lib/api.js";
import { encode } from "../lib/b64u.js";
import { secretOf } from "../lib/codes.js";
import { one, put } from "../lib/dom.js";
import { me, run, say, start } from "../lib/page.js";
import { keyOf, redeemFor } from "../lib/redeeming.js";
import * as signals from "../lib/signals.js";
import { text } from "../lib/texts.js";
import * as newPasskey from "../lib/new-passkey.js";

const form = one("#recover");
// A passkey that was made and not yet added: a second attempt must not make another one.
let made = null;

async function begin(code) {
  const begun = await post("/api/recoveries/options", { code: code.kid });
  say(text("recover.step", { n: 1 }));
  return { begun, kid: code.kid, ...(await newPasskey.create(begun)) };
}

async function complete(code, { begun, registration, cose }) {
  const { ceremony, ledger, nonce, user, publicKey } = begun;
  say(text("recover.step", { n: 2 }));
  const withNew = newPasskey.onlyWith({ registration, publicKey });
  const about = { cose, ledger, nonce, user, publicKey: withNew };
  const assertion = await newPasskey.showNewPasskey(about, "redeem");
  const redeem = await redeemFor("recovery", code, { cose, ledger, user });
  return post("/api/recoveries", { ceremony, registration, assertion, redeem });
}

async function recover() {
  const code = await keyOf(encode(secretOf(one("#code").value)), me.ledger);
  if (made?.kid !== code.kid) made = await begin(code);
  try {
    const { activeFrom } = await complete(code, made);
    put(one("#waits"), "time", new Date(activeFrom).toLocaleString());
    form.hidden = true;
    one("#waits").hidden = false;
    one("#waits h2").focus();
  } catch (error) {
    if (error instanceof Problem) {
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
await start();
one("button", form).disabled = one("#problem").hasChildNodes();
