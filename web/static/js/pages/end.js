// Ends a key or passkey: because nobody needs it any more, or since somebody else may have it.

import { post, settle } from "../lib/api.js";
import { now } from "../lib/clock.js";
import { all, one } from "../lib/dom.js";
import { signAct } from "../lib/jws.js";
import * as keystore from "../lib/keystore.js";
import { me, run, say, start } from "../lib/page.js";
import * as signals from "../lib/signals.js";
import { confirmed } from "../lib/stepup.js";
import { text } from "../lib/texts.js";

const key = await start();
const place = one("#end");
const form = one("#end-form");
const { reference } = place.dataset;
const [kind, name] = reference.split(/:(.*)/);
const isHere = kind === "kid" && name === key?.kid;
const [when, why, since] = ["#when", "[name=why]", "#since"].map((each) => one(each, form ?? place));

const isExposed = () => !why || one("#exposed").checked;

/** Return a time as the field of the person's own clock writes it, in minutes. */
const inField = (ms) =>
  new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** Return the time in the field; its minute may have begun before the key did. */
function chosenTime() {
  const earliest = Date.parse(since.dataset.earliest);
  return new Date(Math.min(Math.max(Date.parse(since.value), earliest), now())).toISOString();
}

function ask() {
  if (when) when.hidden = !isExposed();
  since.required = isExposed();
  if (one("#prompt")) one("#prompt").hidden = isHere && !isExposed();
}

async function declare() {
  const also = all("[name=also]:checked").map(({ value }) => value);
  const members = { since: chosenTime(), ...(also.length && { also }) };
  const member = kind === "kid" ? "kid" : "passkey";
  const act = await signAct(key, me.ledger, "declare-compromise", { [member]: name, ...members });
  const { body, publicKey } = await confirmed(act, name);
  await post("/api/compromises", body);
  for (const each of [reference, ...also]) await forget(each);
  await left(publicKey);
}

async function end() {
  const [path, act, members] =
    kind === "kid"
      ? [`/api/jwt-keys/${name}/revoke`, "revoke-key", { kid: name }]
      : [`/api/passkeys/${name}/remove`, "remove-passkey", { credentialId: name }];
  const signed = await signAct(key, me.ledger, act, members);
  // A key that nobody else has ends itself without a passkey.
  const { body, publicKey } = isHere ? { body: { act: signed } } : await confirmed(signed, name);
  const { position } = await post(path, body);
  await forget(reference);
  await left(publicKey);
  await settle(position);
}

const forget = (each) => keystore.forget({ ...me, kid: each.replace("kid:", "") });

/** Tell the password manager which passkeys are left. */
async function left(publicKey) {
  if (kind === "passkey") {
    await signals.accepted(publicKey.rpId, me, publicKey.allowCredentials.map(({ id }) => id));
  }
}

async function submit() {
  await (isExposed() ? declare() : end());
  say(text("end.done"));
  location.reload(); // a declaration ended the session: sign-in is next, and leads back
}

one("[data-here]").hidden = !isHere;
if (form) {
  since.min = inField(Date.parse(since.dataset.earliest));
  since.max = inField(now());
  form.addEventListener("change", ask);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(one("button", form), submit);
  });
  one("button", form).disabled = !key;
  ask();
}
