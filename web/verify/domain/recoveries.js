// Mirrors ledger.domain.recoveries: a code or the link of a re-enrolment adds a passkey that waits.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { fromBase64Url } from "../encoding.js";
import { refuse } from "../errors.js";
import { thumbprint } from "../jose/keys.js";
import { ACT, parseAct, PURPOSE, REDEEM_TYP, verifyAct } from "./acts.js";
import { redeemChallenge } from "./challenges.js";
import { inForce } from "./charter.js";
import { recoveredMs } from "./charter_values.js";
import { requirePlace } from "./governance.js";
import { verifyAssertion } from "./passkey.js";
import { signedBy, waits } from "./person.js";
import { asksForTwo } from "./policy.js";
import { requireUsable } from "./recovery_codes.js";
import { requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";
import { STANDING } from "./vocabulary.js";

/** Return a passkey that a code or a link adds; it works after the charter's wait. */
export async function decideRecovery(owner, added, { redeem, assertion }, context) {
  const { ledger, party, nowMs, charter } = context;
  const jws = parseAct(redeem, REDEEM_TYP);
  const { kid } = jws.header;
  const isLink = await hasLink(owner, kid);
  const kids = await Promise.all(owner.codes.map(thumbprint));
  if (!isLink && !kids.includes(kid)) refuse("code_unknown", "no such recovery code or link of this person");
  const key = isLink ? owner.link.key : owner.codes[kids.indexOf(kid)];
  const purpose = isLink ? PURPOSE.RE_ENROLMENT : PURPOSE.RECOVERY;
  const cose = await sha256Hex(fromBase64Url(added.publicKey));
  const about = { cose, purpose, user: owner.user, accepts: null };
  await verifyAct(jws, key, ACT.REDEEM, { ledger, nowMs, about });
  if (isLink) requireOpen(owner, nowMs);
  else {
    requireStanding(owner);
    requireUsable(owner, kids, kid, nowMs);
  }
  if (assertion === null || assertion.credentialId !== added.credentialId) {
    refuse("assertion_required", "the new passkey must show that it works");
  }
  const challenge = await redeemChallenge({ cose, ledger, nonce: added.nonce, user: owner.user });
  await verifyAssertion(assertion, { challenge, passkey: added, party });
  const needsAdmission = isLink && asksForTwo(charter.governance);
  const activeFrom = new Date(recoveredMs(charter, nowMs)).toISOString();
  return { ...added, redeem, assertion, activeFrom, reEnrols: isLink, needsAdmission };
}

/** Tell whether this is the kid of the person's open link. */
const hasLink = async ({ link }, kid) => link !== null && (await thumbprint(link.key)) === kid;

/** Refuse a link of somebody deactivated, one that a loss ended, and one that has expired; a suspension stops no link. */
function requireOpen({ standing, link }, nowMs) {
  if (standing === STANDING.DEACTIVATED) refuse("person_deactivated", "this person is deactivated");
  if (link.isVoid) refuse("link_void", "a restore that lost entries ended this link");
  if (nowMs >= toMs(link.expiresAt)) refuse("link_expired", "the link of this re-enrolment has expired");
}

/** Return the end of a recovery that waits; a passkey of its person or of an administrator. */
export async function decideCancellation(owner, by, { act, assertion }, context) {
  const { charter, nowMs } = context;
  const about = { user: owner.user };
  const { key, signed } = await signedBy(by, act, ACT.CANCEL_RECOVERY, { ...context, about });
  const { recovery } = signed;
  await requireWaiting(owner, recovery, nowMs);
  requireStanding(by);
  if (by.user !== owner.user) requirePlace(inForce(charter, by), charter.governance);
  const signCount = await confirm(by, act, assertion, context);
  return { user: owner.user, recovery, by: by.user, kid: key.kid, act, assertion, signCount };
}

async function requireWaiting(owner, recovery, nowMs) {
  const at = recovery.indexOf(":");
  const [kind, name] = [recovery.slice(0, at), recovery.slice(at + 1)];
  if (kind === "kid" && (await hasLink(owner, name))) return;
  const waiting = kind === "passkey" ? owner.passkeys.get(name) : undefined;
  if (!waiting || waiting.activeFrom === null) refuse("recovery_unknown", "no such recovery of this person");
  if (waiting.removed || !waits(waiting, nowMs)) {
    refuse("recovery_ended", "this recovery is complete, or was cancelled");
  }
}
