// Mirrors ledger.domain.statement: a statement's state, and how each event changes it.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { isChange, parseItems } from "./changes/items.js";
import { precedesLoss } from "./charter.js";
import { recorded, without } from "./counting.js";
import { isPlain, parseDocument } from "./document.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { forANewVersion } from "./policy.js";
import { audienceOf } from "./readers.js";
import { stops } from "./statement_types.js";
import { READ_BY, STATUS } from "./vocabulary.js";

// By tag: what an event changes in a statement.
const CHANGES = forEveryTagOf(STREAM_OF.STATEMENT, {
  [TAG.STATEMENT_DRAFTED]: (_, body, at) => drafted(body, at),
  [TAG.STATEMENT_SIGNED]: ({ approvals, rejections, decided }, body, at) => ({
    status: body.status,
    approvals: new Map([...approvals, [body.signer, recorded(body, at)]]),
    rejections: without(rejections, body.signer),
    decided: new Map([...decided, [body.signer, body.iat]]),
  }),
  [TAG.STATEMENT_REJECTED]: ({ approvals, rejections, decided }, body, at) => ({
    status: body.status,
    approvals: without(approvals, body.signer),
    rejections: new Map([...rejections, [body.signer, recorded(body, at)]]),
    decided: new Map([...decided, [body.signer, body.iat]]),
  }),
  [TAG.APPROVAL_RETRACTED]: ({ approvals, decided }, body) => ({
    approvals: without(approvals, body.signer),
    decided: new Map([...decided, [body.signer, body.iat]]),
  }),
  [TAG.STATEMENT_USED]: ({ uses }, { number, generation, signer, nonce }) => ({
    uses: [...uses, { number, generation, user: signer, nonce, outcome: null, freed: false }],
  }),
  [TAG.OUTCOME_REPORTED]: (statement, { outcome, frees, ...place }) => ({
    uses: statement.uses.map((use) =>
      use === findUse(statement, place) ? { ...use, outcome, freed: frees } : use,
    ),
  }),
  [TAG.STATEMENT_SUPERSEDED]: (_, { by }) => ({ status: STATUS.SUPERSEDED, supersededBy: by }),
  [TAG.STATEMENT_WITHDRAWN]: () => ({ status: STATUS.WITHDRAWN }),
  [TAG.STATEMENT_WITHDRAWN_BY_CHANGE]: () => ({ status: STATUS.WITHDRAWN }),
  [TAG.BODIES_ERASED]: ({ id }, { change, status, successor }, at) => ({
    ...withoutBodies({ stream: id, at }),
    status,
    supersededBy: successor,
    erasedBy: change,
  }),
});

/** Return the statement after one more event of its stream. */
export async function evolveStatement(statement, { type, version, at, body }) {
  const seen = { ...statement?.seen, ...body.seen };
  return { ...statement, ...(await CHANGES[type](statement, body, at)), seen, version };
}

async function drafted({ document: source, creator, endsAt, readBy, earlier, drafters }, draftedAt) {
  const raw = bytesOf(source);
  const document = parseDocument(raw);
  const { statementId, title, content, policy, supersedes } = document;
  const replaced = earlier === STATUS.APPROVED ? forANewVersion(supersedes.policy) : null;
  return {
    id: statementId,
    creator,
    title,
    policy,
    audience: audienceOf(document, { readBy, drafters }, replaced),
    draftedAt,
    createdMs: toMs(document.createdAt),
    endsMs: toMs(endsAt),
    isPlain: isPlain(document),
    type: document.type,
    items: isChange(document) ? parseItems(document) : null,
    supersedes,
    supersededBy: null,
    earlier, // the status of the statement that it supersedes, at its own draft
    // The policy of the approved statement that it supersedes: it meets that one too.
    replaced,
    sha256: await sha256Hex(raw),
    payloadSha256: await sha256Hex(toBase64Url(raw)),
    contentSha256: await sha256Hex(content),
    status: STATUS.PENDING,
    approvals: new Map(),
    rejections: new Map(),
    decided: new Map(),
    usable: document.usable,
    uses: [],
    isErased: false,
    erasedBy: null,
  };
}

/** Return a statement of which nothing but entries is left, up to this event. */
export const withoutBodies = ({ stream, at, version }) => ({
  id: stream,
  version,
  creator: "",
  title: "",
  policy: { threshold: 1, of: [], steps: null, veto: [], creatorMaySign: true, expiresAt: null, assurance: "key" },
  audience: { readBy: READ_BY.EVERYONE, creator: "", members: [] },
  draftedAt: at,
  createdMs: 0,
  endsMs: 0,
  isPlain: true,
  type: null,
  items: null,
  supersedes: null,
  supersededBy: null,
  earlier: null,
  replaced: null,
  sha256: "",
  payloadSha256: "",
  contentSha256: "",
  status: STATUS.PENDING,
  approvals: new Map(),
  rejections: new Map(),
  decided: new Map(),
  usable: null,
  uses: [],
  isErased: true,
  erasedBy: null,
});

/** Refuse a statement whose bodies a change erased. */
export function requireBodies({ isErased }) {
  if (isErased) refuse("statement_erased", "the statement was erased by a change");
}

/** Return the use of a place and generation; undefined if there is none. */
export const findUse = ({ uses }, { number, generation }) =>
  uses.find((use) => use.number === number && use.generation === generation);

/** Return whose recorded decisions a later one depends on: of a final one, only with steps. */
export function countsOn({ status, policy, approvals, rejections }) {
  const depends = status === STATUS.PENDING || policy.steps !== null;
  return depends ? [...new Set([...approvals.keys(), ...rejections.keys()])] : [];
}

/** Return the status at a time: a pending one ends by time, with its type or by a loss. */
export function statusAt({ endsMs: ends, draftedAt, status, type }, { nowMs, charter }) {
  const ended = ends <= nowMs || stops(charter.types, type) || precedesLoss(charter, draftedAt);
  return ended && status === STATUS.PENDING ? STATUS.EXPIRED : status;
}

/** Refuse a statement that has none of these statuses. */
export function requireStatus(statement, context, ...allowed) {
  requireBodies(statement);
  const status = statusAt(statement, context);
  if (!allowed.includes(status)) refuse(`statement_${status}`, `the statement is ${status}`);
}
