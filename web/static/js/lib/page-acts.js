// Acts that any page offers where it says so; one of the person's passkeys confirms each.

import { post, settle } from "./api.js";
import { sha256Hex } from "./digest.js";
import { Told } from "./dom.js";
import { jcs } from "./jcs.js";
import { signAct } from "./jws.js";
import { keysOf } from "./keystore.js";
import { me } from "./page.js";
import { confirmed } from "./stepup.js";

/** Cancel the recovery that added this passkey. */
export const cancelRecovery = ({ dataset: { id, needs } }) =>
  send("cancel-recovery", { recovery: `passkey:${id}`, user: me.user }, `/api/users/${me.user}/cancel-recovery`, needs);

/** Accept the governance policy that the page shows: in force, or set by a pending change. */
export async function acceptGovernance({ dataset: { policy, change, needs } }) {
  const policySha256 = await sha256Hex(jcs(JSON.parse(policy)));
  await send("accept-governance", { policySha256, change: change || null }, "/api/governance/accept", needs);
}

/** Sign an act, have a passkey confirm it, send it, and show the page anew. */
async function send(act, members, route, needs) {
  const key = (await keysOf(me.ledger, me.user)).find(({ kid }) => me.kids.includes(kid));
  if (!key) throw new Told(needs);
  const { body } = await confirmed(await signAct(key, me.ledger, act, members));
  const { position } = await post(route, body);
  await settle(position);
  location.reload();
}
