// Cancels a recovery of this person that waits, from any page.

import { post, settle } from "./api.js";
import { Told } from "./dom.js";
import { signAct } from "./jws.js";
import { keysOf } from "./keystore.js";
import { me } from "./page.js";
import { confirmed } from "./stepup.js";

/** Cancel the recovery that added this passkey; one of the person's passkeys confirms it. */
export async function cancel({ dataset: { id, needs } }) {
  const key = (await keysOf(me.ledger, me.user)).find(({ kid }) => me.kids.includes(kid));
  if (!key) throw new Told(needs);
  const members = { recovery: `passkey:${id}`, user: me.user };
  const { body } = await confirmed(await signAct(key, me.ledger, "cancel-recovery", members));
  const { position } = await post(`/api/users/${me.user}/cancel-recovery`, body);
  await settle(position);
  location.reload();
}
