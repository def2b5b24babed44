// Mirrors ledger.domain.charter: the ledger's own stream (founding, log keys, end, and
// the rules that changes set).
// Recomputes each decision from its evidence, and folds the events.

import { minPeople } from "../../static/js/lib/floor.js";
import { toMs } from "../clock.js";
import { length, same } from "../encoding.js";
import { refuse } from "../errors.js";
import { parseCompact } from "../jose/compact.js";
import { isPrimeOrder } from "../jose/ed25519.js";
import { requirePrimeOrder } from "../jose/keys.js";
import { ED25519, parseVkey } from "../tlog/vkeys.js";
import { ACT, parseAct, verifyAct } from "./acts.js";
import { foundingValues, valuesAfter } from "./charter_values.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { digestOf, FOUNDING } from "./governance.js";
import { asksForTwo, members, ROLE, ROLES } from "./policy.js";
import { heldKey } from "./holds.js";
import { typesAfter } from "./statement_types.js";
import { requireText } from "./text.js";
import { OPERATOR, REGISTRATION } from "./vocabulary.js";

export const STREAM = "00000000-0000-0000-0000-000000000000";
const SETUP = "setup";
const OPEN_ROLES = [ROLE.CREATOR, ROLE.INVESTOR];
const REASON_CHARS = [10, 2000];
// What an invitation has besides its own members; only the operator's have a recovery.
const OPEN = Object.freeze({ cancelled: false, givesRole: true, recovery: null, isVoid: false });

// By tag: what an event changes in the charter.
const CHANGES = forEveryTagOf(STREAM_OF.LEDGER, {
  [TAG.LEDGER_CREATED]: (_, body) => founded(body),
  [TAG.INVITATION_ISSUED]: ({ invitations }, { invitation: id, role, expiresAt, key }) => ({
    invitations: [...invitations, { ...OPEN, id, role, expiresAt, key }],
  }),
  [TAG.INVITATION_CANCELLED]: ({ invitations }, { invitation }) => ({
    invitations: without(invitations, ({ id }) => id === invitation),
  }),
  [TAG.OPERATOR_INVITED]: ({ invitations }, body) => ({
    invitations: [...withoutOperators(invitations), ...ofOperator(body)],
  }),
  [TAG.OPERATOR_INVITATIONS_CANCELLED]: ({ invitations }, { recovery: id }) => ({
    invitations: without(invitations, ({ recovery }) => recovery?.id === id),
  }),
  [TAG.ROLE_DEFINED]: ({ defined }, { role }) => ({ defined: [...defined, role] }),
  [TAG.ROLE_CLOSED]: ({ defined, closed }, { role }) => ({
    defined: defined.filter((each) => each !== role),
    closed: [...closed, role],
  }),
  [TAG.CHARTER_SET]: (charter, { values }, at) => valuesAfter(charter, values, at),
  [TAG.TYPE_DEFINED]: changedTypes,
  [TAG.TYPE_RETIRED]: changedTypes,
  [TAG.GOVERNANCE_SET]: governed,
  [TAG.HOLD_PLACED]: ({ held }, body) => ({ held: [...held, heldKey(body)] }),
  [TAG.HOLD_RELEASED]: ({ held }, body) => ({ held: held.filter((each) => each !== heldKey(body)) }),
  [TAG.LOG_KEYS_ANNOUNCED]: (charter, { vkeys, firstSize }) => begun(charter, vkeys, firstSize),
  [TAG.LOG_KEYS_RETIRED]: ({ logKeys }, { vkeys, lastSize }) => ({
    logKeys: logKeys.map((key) => (vkeys.includes(key.vkey) ? { ...key, lastSize } : key)),
  }),
  [TAG.HEADS_KEY_REPLACED]: (_, { heads }) => ({ heads }),
  [TAG.LEDGER_RESTORED]: restored,
  [TAG.LOG_FROZEN]: () => ({ frozen: true }),
});

/** Return the charter after one more event of its stream. */
export async function evolveCharter(charter, { type, version, at, body }) {
  const isMisplaced = !Object.hasOwn(CHANGES, type) || (!charter && type !== TAG.LEDGER_CREATED);
  if (isMisplaced) refuse("event_misplaced", "an event that is not of the ledger’s own stream");
  return { ...charter, ...(await CHANGES[type](charter, body, at)), version };
}

async function changedTypes({ types }, body) {
  return { types: await typesAfter(types, body) };
}

/** Return the invitations, with those that ended as cancelled. */
const without = (invitations, ended) =>
  invitations.map((each) => (ended(each) ? { ...each, cancelled: true } : each));

/** Return the invitations, with those of the operator as cancelled. */
const withoutOperators = (invitations) => without(invitations, ({ recovery }) => recovery !== null);

/** Return the operator's invitations of a recovery. */
function ofOperator({ recovery: id, lost, activeFrom, expiresAt, invitations }) {
  return invitations.map((each) => ({ ...OPEN, ...each, expiresAt, recovery: { id, lost, activeFrom } }));
}

/**
 * Return the changes of a new governance policy: it ends the operator's invitations, and a raise
 * takes the other open ones their roles.
 */
function governed({ governance, invitations }, { policy }) {
  const isRaised = (minPeople(policy) ?? 0) > (minPeople(governance) ?? 0);
  const left = withoutOperators(invitations);
  return { governance: policy, invitations: isRaised ? left.map((each) => ({ ...each, givesRole: false })) : left };
}

/** Return the changes of a restore: every earlier key ends with the tree that was kept; a loss ends every invitation. */
function restored({ logKeys, knownLogKeys, endedLogKeys, restorations, losses, invitations }, body, at) {
  const { epoch, kept, lost, origin, reason, vkeys } = body;
  const open = logKeys.slice(endedLogKeys);
  const ended = open.map((key) => (key.lastSize === null ? { ...key, lastSize: kept.size } : key));
  const keys = [...logKeys.slice(0, endedLogKeys), ...ended];
  // New invitations come last: if the last one is void, an earlier loss voided all of them.
  const stays = lost === null || (invitations.at(-1)?.isVoid ?? true);
  return {
    ...begun({ logKeys: keys, knownLogKeys }, vkeys, kept.size + 1),
    endedLogKeys: keys.length,
    restorations: [...restorations, { epoch, kept, lost, origin, reason, at }],
    losses: lost === null ? losses : [...losses, { epoch, at }],
    invitations: stays ? invitations : invitations.map((each) => ({ ...each, cancelled: true, isVoid: true })),
  };
}

/** Return the changes of new log keys; the set of all is extended in place: it can be very long. */
function begun({ logKeys, knownLogKeys }, vkeys, firstSize) {
  for (const vkey of vkeys) knownLogKeys.add(keyOf(vkey));
  return { logKeys: [...logKeys, ...vkeys.map((vkey) => ({ vkey, firstSize, lastSize: null }))], knownLogKeys };
}

/** Return the part of a vkey that has the key itself, after its name and id. */
const keyOf = (vkey) => vkey.split("+").slice(2).join("+");

/** Return the epoch of the last restore that lost something, 0 without one. */
export const lostEpochOf = ({ losses }) => losses.at(-1)?.epoch ?? 0;

/** Return the epoch of the last restore, 0 without one. */
export const epochOf = ({ restorations }) => restorations.at(-1)?.epoch ?? 0;

/** Tell whether something of this time is older than a restore that lost something. */
export const precedesLoss = ({ losses }, at) => losses.length > 0 && at < losses.at(-1).at;

/** Return the log's origin in the checkpoint of this size: the ledger's name until a restore. */
export const originOf = ({ ledger, restorations }, size = Infinity) =>
  restorations.findLast(({ kept }) => kept.size < size)?.origin ?? ledger;

function founded(body) {
  parseCompact(body.act);
  const role = ROLE.ADMINISTRATOR;
  const setup = { ...OPEN, id: SETUP, role, expiresAt: null, key: body.setup };
  return {
    ledger: body.ledger,
    values: foundingValues(body.registration),
    waitsUntilMs: 0,
    party: { rpId: body.rpId, origin: body.origin },
    key: body.key,
    heads: body.heads,
    invitations: [setup],
    governance: FOUNDING,
    defined: [],
    closed: [],
    types: new Map(),
    logKeys: [],
    knownLogKeys: new Set(), // what `keyOf` returns of each
    endedLogKeys: 0, // the last restore ended so many, the first of all
    held: [], // statements and names, each as `kind/id`
    restorations: [],
    losses: [], // the restores that lost something, or may have, in order
    frozen: false,
  };
}

/** Return the log keys that sign a checkpoint of this size. */
export const logKeysAt = (charter, size) =>
  charter.logKeys.filter(
    ({ firstSize, lastSize }) => firstSize <= size && (lastSize === null || size <= lastSize),
  );

/** Return the founding; refuse it unless the ledger's own key signed all that it says. */
export async function decideCreation(body, nowMs) {
  requirePrimeOrder(body.key);
  requirePrimeOrder(body.setup);
  requirePrimeOrder(body.heads);
  const jws = parseAct(body.act);
  const act = await verifyAct(jws, body.key, ACT.CREATE_LEDGER, { ledger: body.ledger, nowMs });
  for (const name of ["origin", "rpId", "registration", "setup", "heads"]) {
    if (!same(act[name], body[name])) refuse("act_mismatch", "the creation act differs from its event");
  }
  return body;
}

/** Verify and return an act that the ledger's own key signed. */
export const ownAct = (charter, source, kind, nowMs) =>
  verifyAct(parseAct(source), charter.key, kind, { ledger: charter.ledger, nowMs });

/** Return the announcement of new log keys that the ledger's own key signed. */
export async function decideAnnouncement(charter, source, nowMs) {
  const act = await ownAct(charter, source, ACT.ANNOUNCE_LOG_KEYS, nowMs);
  await requireNewKeys(charter, act.vkeys, originOf(charter));
  if (act.firstSize < (charter.logKeys.at(-1)?.firstSize ?? 1)) {
    refuse("log_keys_refused", "the keys would begin before earlier ones");
  }
  return { vkeys: act.vkeys, firstSize: act.firstSize, act: source };
}

/** Refuse log keys of another origin or that are known, or none of which is Ed25519. */
export async function requireNewKeys(charter, vkeys, origin) {
  const keys = await Promise.all(vkeys.map(parseVkey));
  if (keys.some((key) => key.kind === ED25519 && !isPrimeOrder(key.public))) {
    refuse("vkey_invalid", "a log key is outside the prime-order subgroup");
  }
  const given = new Set(vkeys.map(keyOf));
  const refused = (detail) => refuse("log_keys_refused", detail);
  if (keys.some(({ name }) => name !== origin)) refused("a log key has the log's name");
  if (given.size !== vkeys.length || [...given].some((each) => charter.knownLogKeys.has(each))) {
    refused("a log key can be announced only once");
  }
  if (!keys.some(({ kind }) => kind === ED25519)) refused("one of the log keys is Ed25519");
}

/** Return the retirement of log keys that the ledger's own key signed. */
export async function decideRetirement(charter, source, nowMs) {
  const act = await ownAct(charter, source, ACT.RETIRE_LOG_KEYS, nowMs);
  const refused = (detail) => refuse("log_keys_refused", detail);
  const open = charter.logKeys.filter(({ lastSize }) => lastSize === null);
  const inForce = new Map(open.map(({ vkey, firstSize }) => [vkey, firstSize]));
  const { vkeys, lastSize } = act;
  if (!vkeys.length || new Set(vkeys).size !== vkeys.length || !vkeys.every((each) => inForce.has(each))) {
    refused("each vkey must be a log key in force, listed once");
  }
  if (vkeys.some((each) => lastSize < inForce.get(each))) {
    refused("lastSize is before a key's first checkpoint");
  }
  const left = [...inForce].filter(([each, first]) => !vkeys.includes(each) && first <= lastSize + 1);
  const kinds = await Promise.all(left.map(async ([each]) => (await parseVkey(each)).kind));
  if (!kinds.includes(ED25519)) refused("no Ed25519 key would be left");
  return { vkeys, lastSize, act: source };
}

/** Return the replacement of the heads key that the ledger's own key signed. */
export async function decideHeadsKey(charter, source, nowMs) {
  const { heads } = await ownAct(charter, source, ACT.REPLACE_HEADS_KEY, nowMs);
  requirePrimeOrder(heads);
  return { heads, act: source };
}

/** Return the end of the ledger that its own key signed. */
export async function decideFreeze(charter, source, nowMs) {
  const { reason } = await ownAct(charter, source, ACT.FREEZE_LEDGER, nowMs);
  requireReason(reason);
  return { reason, act: source };
}

/** Refuse a reason that is too short or too long. */
export function requireReason(reason) {
  const [least, most] = REASON_CHARS;
  if (length(reason) < least || length(reason) > most) {
    refuse("reason_invalid", "a reason must have 10 to 2,000 characters");
  }
  requireText(reason, "reason");
}

/** Return the roles that people can hold and policies can name: built in, or defined and open. */
export const rolesOf = ({ defined }) => [...ROLES, ...defined];

/** Return the roles whose holders sign: all but the auditor's. */
export const signingRolesOf = (charter) => rolesOf(charter).filter((role) => role !== ROLE.AUDITOR);

/** Return a person with those of their roles that are open. */
export const inForce = ({ closed }, person) => ({
  ...person,
  roles: person.roles.filter((role) => !closed.includes(role)),
});

/**
 * Return how a person is admitted: by which invitation, and in which role; null for neither.
 *
 * `accepts` is the digest of the governance policy if the role fills a place of it.
 */
export async function admit(charter, role, invitation, nowMs) {
  if (!invitation) {
    if (charter.values.registration !== REGISTRATION.OPEN) refuse("invitation_required", "joined by invitation");
    if (!OPEN_ROLES.includes(role)) refuse("role_not_open", "given by an administrator only");
    return { invitation: null, role, accepts: null, by: null };
  }
  if (role !== null && role !== invitation.role) refuse("role_not_open", "the invitation is for another role");
  if (invitation.isVoid) refuse("invitation_void", "a restore that lost entries ended this invitation");
  if (invitation.cancelled) refuse("invitation_cancelled", "this invitation was cancelled");
  if (invitation.expiresAt !== null && toMs(invitation.expiresAt) <= nowMs) {
    refuse("invitation_expired", "the invitation has expired");
  }
  const { recovery } = invitation;
  if (recovery !== null && nowMs < toMs(recovery.activeFrom)) {
    refuse("invitation_waiting", "this invitation does not work yet");
  }
  if (!rolesOf(charter).includes(invitation.role)) refuse("role_unknown", "the role of this invitation was closed");
  const gives = invitation.givesRole && !asksForTwo(charter.governance);
  const given = gives || recovery !== null ? invitation.role : null;
  const governs = members(charter.governance).includes(`role:${given}`);
  const accepts = governs ? await digestOf(charter.governance) : null;
  return { invitation: invitation.id, role: given, accepts, by: recovery === null ? null : OPERATOR };
}
