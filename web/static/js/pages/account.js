// The account page: labels, further passkeys, the key of this browser, sessions.

import { post, settle } from "../lib/api.js";
import { attestKey } from "../lib/attestation.js";
import { all, ask, one } from "../lib/dom.js";
import { signAct } from "../lib/jws.js";
import * as keystore from "../lib/keystore.js";
import { know } from "../lib/news.js";
import { me, onAction, say, start } from "../lib/page.js";
import { signOut } from "../lib/sign-out.js";
import * as signals from "../lib/signals.js";
import { confirmed } from "../lib/stepup.js";
import { text } from "../lib/texts.js";
import * as newPasskey from "../lib/new-passkey.js";

const key = await start();
// A passkey that was made and not yet added: a second attempt must not make another one.
let made = null;

async function done(sentence, { position }) {
  say(sentence);
  await settle(position);
  location.reload();
}

async function rename({ dataset: { reference, label } }) {
  one("#label").value = label;
  if (!(await ask(one("#rename-dialog")))) return;
  await post("/api/device-labels", { reference, label: one("#label").value.trim() });
  if (reference.startsWith("passkey:")) await tellPasswordManager();
  location.reload();
}

async function tellPasswordManager() {
  const { publicKey } = await post("/api/jwt-keys/options", {});
  const ids = publicKey.allowCredentials.map(({ id }) => id);
  await signals.accepted(publicKey.rpId, me, ids);
}

async function makePasskey() {
  const begun = await post("/api/passkeys/options", {});
  say(text("account.add.step", { n: 1 }));
  return { begun, ...(await newPasskey.create(begun)) };
}

async function addPasskey() {
  if (!(await ask(one("#add-dialog")))) return;
  made ??= await makePasskey();
  const { registration, begun } = made;
  try {
    made.body ??= await bodyOf(made); // sent again, it gets the first answer
    const answer = await post("/api/passkeys", made.body);
    know(`passkey:${registration.id}`);
    await done(text("account.add.done"), answer);
  } catch (error) {
    // The ledger refused it: it opens nothing here, and the next attempt makes another one.
    if (error.refused) {
      made = null;
      await signals.unknown(begun.publicKey.rp.id, registration.id);
    }
    throw error;
  }
}

async function bodyOf({ begun, registration, cose }) {
  const { ceremony, ledger, nonce, user, publicKey } = begun;
  say(text("account.add.step", { n: 2 }));
  const withNew = newPasskey.onlyWith({ registration, publicKey });
  const assertion = await newPasskey.showNewPasskey({ cose, ledger, nonce, user, publicKey: withNew });
  say(text("account.add.step", { n: 3 }));
  const { body } = await confirmed(await signAct(key, ledger, "add-passkey", { cose, user }));
  const { act, assertion: confirmation } = body;
  return { ceremony, registration, assertion, act, confirmation };
}

/** Give this browser a new key, and end the old one: it signs for that itself. */
async function replace() {
  say(text("page.waiting"));
  const options = await post("/api/jwt-keys/options", {});
  const { ceremony } = options;
  await attestKey(options, key.home, (fresh) => post("/api/jwt-keys", { ceremony, key: fresh }));
  const act = await signAct(key, me.ledger, "revoke-key", { kid: key.kid });
  const answer = await post(`/api/jwt-keys/${key.kid}/revoke`, { act });
  await keystore.forget(key);
  await done(text("account.replace.done"), answer);
}

// Loaded only now: few people add a device on this visit.
const link = () => import("../lib/device-link.js");

// Loaded only now, for the same reason.
const program = () => import("../lib/program.js");

async function attestProgram() {
  const { attest } = await program();
  const { receipt, service } = await attest();
  await done(text(service ? "service.done" : "program.done"), receipt);
}

/** Ask what a service account may do, then show the command that makes its key. */
async function beginService() {
  if (!(await ask(one("#service-dialog")))) return;
  const { chosen } = await import("../lib/service-account.js");
  await (await program()).begin(chosen());
}

async function approveLink() {
  const answer = await (await link()).approve(key);
  know(`passkey:${answer.credentialId}`);
  await done(text("account.add.done"), answer);
}

onAction({
  rename,
  replace,
  "add-passkey": addPasskey,
  "open-link": async () => (await link()).open(),
  "cancel-link": async () => (await link()).end("cancelled"),
  "deny-link": async () => (await link()).end("codes-differ"),
  "approve-link": approveLink,
  "begin-service": beginService,
  "begin-program": async () => (await program()).begin(),
  "attest-program": attestProgram,
  "cancel-program": async () => (await program()).cancel(),
  "end-session": async ({ dataset: { id } }) => {
    await post(`/api/sessions/${id}/end`, {});
    location.reload();
  },
  "sign-out": signOut,
});

// What a session is enough for.
for (const button of all("[data-action=sign-out], [data-action=end-session], [data-action=rename], [data-action=begin-program], [data-action=begin-service]")) {
  button.disabled = false;
}
if (key) {
  for (const button of all("main button:disabled")) button.disabled = false;
  for (const each of all(`#keys [data-kid="${key.kid}"] [data-here]`)) each.hidden = false;
}
