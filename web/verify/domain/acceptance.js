// Mirrors ledger.domain.acceptance: a person takes a place of governance, with a passkey.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { ITEM } from "./changes/items.js";
import { inForce } from "./charter.js";
import { requireUuid } from "./document.js";
import { awaits, digestOf, requirePlace } from "./governance.js";
import { signedBy } from "./person.js";
import { requireStanding } from "./standing.js";
import { requireStatus } from "./statement.js";
import { confirm } from "./stepup.js";
import { STATUS } from "./vocabulary.js";

/** Return the acceptance of a governance policy; the context has `statements` and `hasEverybody`. */
export async function decideAcceptance(owner, { act, assertion }, context) {
  const { charter } = context;
  const { key, signed } = await signedBy(owner, act, ACT.ACCEPT_GOVERNANCE, context);
  // An act that was signed and held back could else be brought after the role is granted anew.
  if (owner.roleEndedAt !== null && signed.iat * 1000 <= toMs(owner.roleEndedAt)) {
    refuse("out_of_order", "a role of this person ended after they signed this");
  }
  const policy = await policyOf(signed, context);
  requireStanding(owner);
  if (policy !== null) {
    const me = inForce(charter, owner);
    requirePlace(me, policy);
    if (!(await awaits(me, policy))) refuse("governance_accepted", "this policy is accepted already");
  }
  const signCount = await confirm(owner, act, assertion, context);
  const { policySha256, change } = signed;
  return { policySha256, change, kid: key.kid, act, assertion, signCount };
}

/** Return the policy that is accepted; null if the evidence leaves out the change that sets it. */
async function policyOf({ policySha256, change: id }, context) {
  const { charter } = context;
  const change = id === null ? null : changeOf(id, context);
  if (id !== null && change === null) return null;
  if (change !== null) requireStatus(change, context, STATUS.PENDING);
  const items = change?.items ?? [];
  const stated = id === null ? charter.governance : items.findLast(({ name }) => name === ITEM.SET_GOVERNANCE)?.policy;
  if (!stated || policySha256 !== (await digestOf(stated))) {
    refuse("governance_changed", "this policy is not in force, and no pending change sets it");
  }
  return stated;
}

/** Return a change that somebody names, null if the evidence leaves it out. */
function changeOf(id, { statements, hasEverybody }) {
  requireUuid(id);
  const found = statements.get(id);
  if (!found && hasEverybody) refuse("statement_unknown", "there is no such change");
  return found ?? null;
}
