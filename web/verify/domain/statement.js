// Mirrors ledger.domain.statement: a statement's state, and how each event changes it.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { isChange, parseItems } from "./changes/items.js";
import { counted, recorded, stepsGiven, without } from "./counting.js";
import { isPlain, parseDocument } from "./document.js";
import { forEveryTagOf, STREAM_OF, TAG } from "./events.js";
import { met } from "./places.js";
import { audienceOf } from "./readers.js";
import { stops } from "./statement_types.js";
import { STATUS } from "./vocabulary.js";

// By tag: what an event changes in a statement.
const CHANGES = forEveryTagOf(STREAM_OF.STATEMENT, {
  [TAG.STATEMENT_DRAFTED]: (_, body) => drafted(body),
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
  [TAG.STATEMENT_WITHDRAWN]: () => ({ status: STATUS.WITHDRAWN }),
  [TAG.STATEMENT_WITHDRAWN_BY_CHANGE]: () => ({ status: STATUS.WITHDRAWN }),
});

/** Return the statement after one more event of its stream. */
export async function evolveStatement(statement, { type, version, at, body }) {
  const seen = { ...statement?.seen, ...body.seen };
  return { ...statement, ...(await CHANGES[type](statement, body, at)), seen, version };
}

async function drafted({ document: source, creator, endsAt, readBy }) {
  const raw = bytesOf(source);
  const document = parseDocument(raw);
  const { statementId, title, content, policy } = document;
  return {
    id: statementId,
    creator,
    title,
    policy,
    audience: audienceOf(document, readBy),
    endsMs: toMs(endsAt),
    isPlain: isPlain(document),
    type: document.type,
    items: isChange(document) ? parseItems(document) : null,
    sha256: await sha256Hex(raw),
    payloadSha256: await sha256Hex(toBase64Url(raw)),
    contentSha256: await sha256Hex(content),
    status: STATUS.PENDING,
    approvals: new Map(),
    rejections: new Map(),
    decided: new Map(),
  };
}

/** Return whose recorded decisions a later one depends on: of a final one, only with steps. */
export function countsOn({ status, policy, approvals, rejections }) {
  const depends = status === STATUS.PENDING || policy.steps !== null;
  return depends ? [...new Set([...approvals.keys(), ...rejections.keys()])] : [];
}

/** Return the status at a time: a pending statement expires without an event. */
export function statusAt({ endsMs: ends, status, type }, { nowMs, charter }) {
  const ended = ends <= nowMs || stops(charter.types, type);
  return ended && status === STATUS.PENDING ? STATUS.EXPIRED : status;
}

/** Tell whether a statement is approved, and would not be without what is in question. */
export const isInQuestion = ({ status, policy, approvals }, people) =>
  status === STATUS.APPROVED && !met(policy, counted(approvals, people), stepsGiven(approvals));

/** Refuse a statement that has none of these statuses. */
export function requireStatus(statement, context, ...allowed) {
  const status = statusAt(statement, context);
  if (!allowed.includes(status)) refuse(`statement_${status}`, `the statement is ${status}`);
}
