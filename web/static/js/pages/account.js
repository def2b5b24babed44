// The person's keys and passkeys: each request is a signed act.

import { post, settle } from "../lib/api.js";
import { all, ask, one, put } from "../lib/dom.js";
import { signAct } from "../lib/jws.js";
import * as keystore from "../lib/keystore.js";
import { me, onAction, say, signOut, start } from "../lib/page.js";
import { confirm, create, onlyWith, showNewPasskey } from "../lib/webauthn.js";

const key = await start();

const sign = (act, members) => signAct(key, me.ledger, act, members);

async function done(sentence, { position }) {
  say(sentence);
  await settle(position);
  location.reload();
}

async function revoke({ dataset: { kid } }) {
  const dialog = one("#revoke-dialog");
  put(dialog, "kid", kid.slice(0, 8));
  if (!(await ask(dialog))) return;
  const reason = one("#revoke-reason").value.trim();
  const since = one("#compromised").checked && one("#since").value;
  const act = await sign("revoke-key", {
    kid,
    ...(since && { compromisedSince: new Date(since).toISOString() }),
    ...(reason && { reason }),
  });
  // A key ends itself without a passkey, but does not say alone since when it was compromised.
  const alone = kid === key.kid && !since;
  const answer = await post(`/api/jwt-keys/${kid}/revoke`, alone ? { act } : await confirmed(act));
  await keystore.forget({ ...me, kid });
  await done("The key is revoked.", answer);
}

/** Return an act with a passkey's assertion over it. */
async function confirmed(act) {
  const { publicKey } = await post("/api/jwt-keys/options", {});
  say("Waiting for your device…");
  return { act, assertion: await confirm({ jws: act, ledger: me.ledger, user: me.user, publicKey }) };
}

async function addPasskey() {
  if (!(await ask(one("#add-dialog")))) return;
  const begun = await post("/api/passkeys/options", {});
  const { ceremony, ledger, nonce, user, publicKey } = begun;
  say("Step 1 of 3: create the new passkey.");
  const { registration, cose } = await create(begun);
  say("Step 2 of 3: use the new passkey once.");
  const withNew = onlyWith({ registration, publicKey });
  const assertion = await showNewPasskey({ cose, ledger, nonce, user, publicKey: withNew });
  say("Step 3 of 3: confirm with a passkey that you have already.");
  const act = await sign("add-passkey", { cose, user });
  const options = await post("/api/jwt-keys/options", {});
  const confirmation = await confirm({ ...options, jws: act });
  const body = { ceremony, registration, assertion, act, confirmation };
  await done("The passkey is added.", await post("/api/passkeys", body));
}

async function removePasskey({ dataset: { id } }) {
  if (!(await ask(one("#remove-dialog")))) return;
  const act = await sign("remove-passkey", { credentialId: id });
  const answer = await post(`/api/passkeys/${id}/remove`, await confirmed(act));
  await done("The passkey is removed.", answer); // where it opened this session, sign-in is next
}

async function cancelRecovery({ dataset: { user, id } }) {
  const act = await sign("cancel-recovery", { recovery: `passkey:${id}`, user });
  const answer = await post(`/api/users/${user}/cancel-recovery`, await confirmed(act));
  await done("The recovery is cancelled.", answer);
}

onAction({
  revoke,
  "add-passkey": addPasskey,
  "cancel-recovery": cancelRecovery,
  "remove-passkey": removePasskey,
  "end-session": async ({ dataset: { id } }) => {
    await post(`/api/sessions/${id}/end`, {});
    location.reload();
  },
  "sign-out": signOut,
});

one("#compromised").addEventListener("change", ({ target }) => {
  one("#since-field").hidden = !target.checked;
});

for (const button of all("[data-action=sign-out], [data-action=end-session]")) button.disabled = false;
if (key) {
  for (const button of all("main button:disabled")) button.disabled = false;
  one(`#keys [data-kid="${key.kid}"] [data-here]`)?.removeAttribute("hidden");
}
