// Mirrors ledger.domain.redeeming: the key of a link's secret signs for the passkey that it admits.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { fromBase64Url } from "../encoding.js";
import { refuse } from "../errors.js";
import { ACT, parseAct, PURPOSE, REDEEM_TYP, verifyAct } from "./acts.js";

/** Return a newcomer's first passkey, with the JWS that redeems the invitation if there was one. */
export async function redeemInvitation(newcomer, added, redeem, { ledger, nowMs, invitations }) {
  if (newcomer.invitation === null) {
    return redeem === null ? added : refuse("redeem_unexpected", "this registration uses no invitation");
  }
  if (redeem === null) refuse("redeem_required", "the invitation’s key must sign for the new passkey");
  const invitation = invitations.find(({ id }) => id === newcomer.invitation);
  if (!invitation) refuse("invitation_unknown", "no such invitation");
  const cose = await sha256Hex(fromBase64Url(added.publicKey));
  const [accepts = null] = newcomer.accepted.keys();
  const about = { cose, purpose: PURPOSE.INVITATION, user: newcomer.user, accepts };
  await verifyAct(parseAct(redeem, REDEEM_TYP), invitation.key, ACT.REDEEM, { ledger, nowMs, about });
  return { ...added, redeem };
}
