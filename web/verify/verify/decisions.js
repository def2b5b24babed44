// Mirrors ledger.verify.decisions: for each type of event, which function recomputes it from its
// evidence. The auditor knows the states that these functions read.

import { decideAcceptance } from "../domain/acceptance.js";
import * as charter from "../domain/charter.js";
import { decideCompromise } from "../domain/compromise.js";
import * as decisions from "../domain/decisions.js";
import { forEveryTag, TAG } from "../domain/events.js";
import { EFFECT_TAG } from "../domain/events_of_changes.js";
import * as passkeys from "../domain/held_passkeys.js";
import { decideEnd, decideInvitations } from "../domain/operator_recovery.js";
import { decideName } from "../domain/person.js";
import { decideCancellation } from "../domain/recoveries.js";
import { decideCodes } from "../domain/recovery_codes.js";
import { decideRestore } from "../domain/restoration.js";
import * as accounts from "../domain/service_accounts.js";
import * as keys from "../domain/signing_keys.js";
import { decideSuspension } from "../domain/standing.js";
import { decideOutcome, decideUse } from "../domain/uses.js";

const effect = (auditor, event) => auditor.effect(event);

/** By tag: how the auditor recomputes the decision. */
export const DECIDE = forEveryTag({
  [TAG.LEDGER_CREATED]: (auditor, event, context) => auditor.found(event, context),
  [TAG.LOG_KEYS_ANNOUNCED]: (auditor, event, { nowMs }) =>
    charter.decideAnnouncement(auditor.logKeys(event), event.body.act, nowMs),
  [TAG.LOG_KEYS_RETIRED]: (auditor, event, { nowMs }) =>
    charter.decideRetirement(auditor.logKeys(event), event.body.act, nowMs),
  [TAG.HEADS_KEY_REPLACED]: (auditor, event, { nowMs }) =>
    charter.decideHeadsKey(auditor.ownStream(event), event.body.act, nowMs),
  [TAG.LEDGER_RESTORED]: (auditor, event, { nowMs }) =>
    decideRestore(auditor.ownStream(event), event, auditor.newest, nowMs),
  [TAG.OPERATOR_INVITED]: (auditor, event, { nowMs }) =>
    decideInvitations(event.body, { ...auditor.sources(), charter: auditor.ownStream(event) }, nowMs),
  [TAG.OPERATOR_INVITATIONS_CANCELLED]: (auditor, event, context) =>
    decideEnd(event.body, auditor.signer(event), { ...context, charter: auditor.ownStream(event) }),
  [TAG.LOG_FROZEN]: (auditor, event, { nowMs }) =>
    charter.decideFreeze(auditor.ownStream(event), event.body.act, nowMs),
  [TAG.USER_REGISTERED]: (auditor, event, context) => auditor.register(event, context),
  [TAG.USER_NAMED]: (auditor, event) => decideName(auditor.person(event), event),
  [TAG.PASSKEY_ADDED]: (auditor, event, context) =>
    passkeys.decidePasskey(auditor.person(event), event.body, context),
  [TAG.PASSKEY_REMOVED]: (auditor, event, context) =>
    passkeys.decideRemoval(auditor.person(event), event.body, context),
  [TAG.KEY_ATTESTED]: (auditor, event, context) =>
    keys.decideAllowedAttestation(auditor.person(event), event.body, context),
  [TAG.KEY_REVOKED]: (auditor, event, context) =>
    keys.decideRevocation(auditor.person(event), event.body, context),
  [TAG.KEY_REAFFIRMED]: (auditor, event, context) =>
    keys.decideReaffirmation(auditor.person(event), event.body, context),
  [TAG.SERVICE_ACCOUNT_ADDED]: (auditor, event, context) =>
    accounts.decideAllowedAccount(auditor.person(event), event.body, context),
  [TAG.SERVICE_ACCOUNT_ENDED]: (auditor, event, context) =>
    accounts.decideEnd(auditor.person(event), auditor.signer(event), event.body, context),
  [TAG.PERSON_SUSPENDED]: (auditor, event, context) =>
    decideSuspension(auditor.person(event), auditor.signer(event), event.body, context),
  [TAG.RECOVERY_CODES_SET]: (auditor, event, context) =>
    decideCodes(auditor.person(event), event.body, context),
  [TAG.GOVERNANCE_ACCEPTED]: (auditor, event, context) =>
    decideAcceptance(auditor.person(event), event.body, { ...context, ...auditor.sources() }),
  [TAG.RECOVERY_CANCELLED]: (auditor, event, context) =>
    decideCancellation(auditor.person(event), auditor.signer(event), event.body, context),
  [TAG.COMPROMISE_DECLARED]: (auditor, event, context) =>
    decideCompromise(auditor.person(event), event.body, context),
  ...Object.fromEntries(Object.values(EFFECT_TAG).map((tag) => [tag, effect])),
  [TAG.STATEMENT_DRAFTED]: (auditor, event, context) => auditor.draft(event, context),
  [TAG.STATEMENT_SIGNED]: (auditor, event, context) => auditor.approve(event, context),
  [TAG.STATEMENT_REJECTED]: (auditor, event, context) =>
    decisions.decideRejection(...auditor.decision(event), context),
  [TAG.APPROVAL_RETRACTED]: (auditor, event, context) =>
    decisions.decideRetraction(...auditor.decision(event), context),
  [TAG.STATEMENT_USED]: (auditor, event, context) => decideUse(...auditor.decision(event), context),
  [TAG.OUTCOME_REPORTED]: (auditor, event, context) => decideOutcome(...auditor.decision(event), context),
  [TAG.STATEMENT_SUPERSEDED]: effect,
  [TAG.STATEMENT_WITHDRAWN]: (auditor, event, context) =>
    decisions.decideWithdrawal(...auditor.decision(event), context),
});
