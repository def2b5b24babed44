// The person's keys and passkeys: each request is a signed act. For administrators, invitations and
// roles, by changes.

import { post, settle } from "../lib/api.js";
import { makeChange } from "../lib/changes.js";
import { all, ask, one, put } from "../lib/dom.js";
import { signAct } from "../lib/jws.js";
import * as keystore from "../lib/keystore.js";
import { me, onAction, run, say, start } from "../lib/page.js";
import { keyOf, linkOf, newSecret } from "../lib/redeeming.js";
import { confirm, create, onlyWith, showNewPasskey } from "../lib/webauthn.js";

const DAY_MS = 86_400_000;
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
  await keystore.forget(me.ledger, me.user, kid);
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

async function cancelRecovery({ dataset: { id } }) {
  const act = await sign("remove-passkey", { credentialId: id });
  const answer = await post(`/api/passkeys/${id}/remove`, await confirmed(act));
  await done("The recovery is cancelled.", answer);
}

const WAITS = "The change is drafted, with your approval. It waits for others.";

/** Make a change with one item. */
const change = (item) => makeChange(key, me, [item], () => say("Waiting for your device…"));

async function invite() {
  const secret = newSecret();
  const { jwk } = await keyOf(secret, me.ledger);
  const days = Number(one("#invite-days").value);
  const invitation = {
    invitation: crypto.randomUUID(),
    role: one("#invite-role").value,
    key: jwk,
    expiresAt: new Date(Date.now() + days * DAY_MS).toISOString(),
  };
  const { status } = await change({ invite: invitation });
  say(status === "approved" ? "The invitation is made." : WAITS);
  const place = one("#invitation");
  put(place, "link", linkOf(secret));
  place.hidden = false;
  one("h3", place).focus();
}

async function grant() {
  const granted = { user: one("#grant-user").value, role: one("#grant-role").value };
  const answer = await change({ "grant-role": granted });
  await done(answer.status === "approved" ? "The role is granted." : WAITS, answer);
}

onAction({
  revoke,
  "add-passkey": addPasskey,
  "cancel-recovery": cancelRecovery,
  "remove-passkey": removePasskey,
  "sign-out": async () => {
    await post("/api/logout", {});
    location.assign("/");
  },
});

for (const [id, work] of [["#invite", invite], ["#grant", grant]]) {
  one(id)?.addEventListener("submit", (event) => {
    event.preventDefault();
    run(event.submitter, work);
  });
}
one("#compromised").addEventListener("change", ({ target }) => {
  one("#since-field").hidden = !target.checked;
});

one("[data-action=sign-out]").disabled = false;
if (key) {
  for (const button of all("main button:disabled")) button.disabled = false;
  one(`#keys [data-kid="${key.kid}"] [data-here]`)?.removeAttribute("hidden");
}
