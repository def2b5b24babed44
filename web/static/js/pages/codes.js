// Recovery codes: shown once, one of them typed back, then put in force with a passkey.

import { post, settle } from "../lib/api.js";
import { encode } from "../lib/b64u.js";
import { codeOf, newSecrets, secretOf } from "../lib/codes.js";
import { el, one, put, Told } from "../lib/dom.js";
import { signAct } from "../lib/jws.js";
import { me, onAction, run, say, start } from "../lib/page.js";
import { keyOf } from "../lib/redeeming.js";
import { confirmed } from "../lib/stepup.js";
import { text } from "../lib/texts.js";

const key = await start();
const form = one("#codes-form");
// The codes that are shown, and which of them is asked for.
let secrets = [];
let asked = 0;

function make() {
  secrets = newSecrets();
  asked = crypto.getRandomValues(new Uint32Array(1))[0] % secrets.length;
  one("#codes-list").replaceChildren(...secrets.map((each) => el("li", {}, el("code", {}, codeOf(each)))));
  put(form, "number", text("codes.type", { number: asked + 1 }));
  one("#codes-made").hidden = false;
  one("#codes-make").hidden = true;
  one("#codes-made h2").focus();
}

async function save() {
  if (encode(secretOf(one("#typed").value)) !== encode(secrets[asked])) {
    throw new Told(text("codes.other", { number: asked + 1 }));
  }
  const keys = [];
  for (const each of secrets) keys.push((await keyOf(encode(each), me.ledger)).jwk);
  const { body } = await confirmed(await signAct(key, me.ledger, "set-recovery-codes", { keys }));
  const { position } = await post("/api/recovery-codes", body);
  secrets = [];
  one("#codes-list").replaceChildren();
  one("#codes-made").hidden = true;
  one("#codes-done").hidden = false;
  one("#codes-done h2").focus();
  say(text("codes.done"));
  await settle(position);
}

onAction({ "make-codes": make, print: () => print() });
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(one("button[type=submit]", form), save);
});
one("[data-action=make-codes]").disabled = !key;
