// Mirrors ledger.verify.withheld: the types of events whose bodies a bundle of some statements may
// leave out, because no decision on them rests on these.

import { bytesOf } from "../../static/js/lib/digest.js";
import { isChange } from "../domain/changes/items.js";
import { parseDocument } from "../domain/document.js";
import { TAG } from "../domain/events.js";
import { isFinding } from "../errors.js";

const ALWAYS = [
  TAG.INVITATION_ISSUED,
  TAG.INVITATION_CANCELLED,
  TAG.OPERATOR_INVITED,
  TAG.OPERATOR_INVITATIONS_CANCELLED,
  TAG.GOVERNANCE_ACCEPTED,
  TAG.HOLD_PLACED,
  TAG.HOLD_RELEASED,
];
const OF_TYPES = [TAG.TYPE_DEFINED, TAG.TYPE_RETIRED];

/** Return the types of events whose bodies a bundle with these events may leave out. */
export function withheldTags(events) {
  const drafts = events.filter(({ type }) => type === TAG.STATEMENT_DRAFTED);
  let documents;
  try {
    documents = drafts.map(({ body }) => parseDocument(bytesOf(body.document)));
  } catch (error) {
    if (isFinding(error)) return []; // the check of decisions reports it
    throw error;
  }
  if (documents.some(isChange)) return [];
  return documents.some(({ type }) => type !== null) ? ALWAYS : [...ALWAYS, ...OF_TYPES];
}
