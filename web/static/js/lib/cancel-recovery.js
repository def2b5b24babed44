// Cancels a recovery or re-enrolment of a person that waits: one's own from any page, or another's.

import { post, settle } from "./api.js";
import { Told } from "./dom.js";
import { signAct } from "./jws.js";
import { keysOf } from "./keystore.js";
import { me } from "./page.js";
import { confirmed } from "./stepup.js";

/** Cancel `recovery`, `passkey:<credential id>` or `kid:<kid>`, of a person; a passkey confirms it. */
export async function cancelOf(user, recovery, key) {
  const { body } = await confirmed(await signAct(key, me.ledger, "cancel-recovery", { recovery, user }));
  return post(`/api/users/${user}/cancel-recovery`, body);
}

/** Cancel the recovery that added this passkey of the person themselves. */
export async function cancel({ dataset: { id, needs } }) {
  const key = (await keysOf(me.ledger, me.user)).find(({ kid }) => me.kids.includes(kid));
  if (!key) throw new Told(needs);
  const { position } = await cancelOf(me.user, `passkey:${id}`, key);
  await settle(position);
  location.reload();
}
