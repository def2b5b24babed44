// Acts that any page offers where it says so; one of the person's passkeys confirms each.

import { post, settle } from "./api.js";
import { sha256Hex } from "./digest.js";
import { Told } from "./dom.js";
import { jcs } from "./jcs.js";
import { nowSeconds, signAct } from "./jws.js";
import { keysOf } from "./keystore.js";
import { me } from "./page.js";
import { confirmed } from "./stepup.js";

/** Cancel `recovery`, `passkey:<credential id>` or `kid:<kid>`, of a person. */
export const cancelOf = (user, recovery, key) =>
  send("cancel-recovery", { recovery, user }, `/api/users/${user}/cancel-recovery`, key);

/** Cancel the recovery that added this passkey of the person themselves. */
export const cancelRecovery = async ({ dataset: { id, needs } }) =>
  shown(await cancelOf(me.user, `passkey:${id}`, await keyHere(needs)));

/** End a service account of anybody. */
export const endService = async ({ dataset: { user, kid, needs } }) =>
  shown(
    await send("end-service-account", { account: kid, user }, `/api/service-accounts/${kid}/end`, await keyHere(needs)),
  );

/** Cancel the operator's invitations to governance. */
export const cancelOperators = async ({ dataset: { id: recovery, needs } }) =>
  shown(
    await send("cancel-operator-invitations", { recovery }, "/api/operator-recoveries/cancel", await keyHere(needs)),
  );

/** Accept the governance policy that the page shows: in force, or set by a pending change. */
export async function acceptGovernance({ dataset: { policy, change, needs } }) {
  const policySha256 = await sha256Hex(jcs(JSON.parse(policy)));
  const members = { policySha256, change: change || null };
  const key = await keyHere(needs);
  // Later than the end of a role in this very second, also while the log is ahead of the clock.
  const later = { after: nowSeconds() };
  await shown(await send("accept-governance", members, "/api/governance/accept", key, later));
}

/** Reaffirm the key `kid`, by default this browser's: after a loss it signs again. */
export async function reaffirm({ dataset: { kid, epoch, needs } }) {
  const keys = await keysOf(me.ledger, me.user);
  const named = kid ?? keys.find((each) => me.unaffirmed.includes(each.kid))?.kid;
  const itself = keys.find((each) => each.kid === named);
  const members = { kid: named, epoch: Number(epoch) };
  await shown(await send("reaffirm-key", members, `/api/jwt-keys/${named}/reaffirm`, itself ?? (await keyHere(needs))));
}

/** Sign an act, have a passkey confirm it, and send it. */
async function send(act, members, route, key, when) {
  const { body } = await confirmed(await signAct(key, me.ledger, act, members, when));
  return post(route, body);
}

/** Return this browser's key; `needs` says what to do without one. */
async function keyHere(needs) {
  const key = (await keysOf(me.ledger, me.user)).find(({ kid }) => me.kids.includes(kid));
  if (!key) throw new Told(needs);
  return key;
}

/** Show the page as it is with what was recorded. */
async function shown({ position }) {
  await settle(position);
  location.reload();
}
