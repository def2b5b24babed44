// Mirrors ledger.domain.document: the document of a statement, which holds its policy.

import { bytesOf } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { isObject, length, parseJson, strip } from "../encoding.js";
import { refuse } from "../errors.js";
import { integer, listOf, optional, read, struct, text } from "../shapes.js";
import { isMember, policy, requireShape, stepsOf } from "./policy.js";
import { requireText } from "./text.js";
import { ASSURANCE, CHANGE } from "./vocabulary.js";

const MAX_DOCUMENT_BYTES = 1024 * 1024;
const MAX_TITLE_CHARS = 200;
const MAX_READERS = 256;
const MAX_AGE_MS = 400 * 86_400_000; // how long a statement can be pending if its policy has no end
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const document = struct({
  content: text,
  createdAt: text,
  creator: text,
  ledger: text,
  policy,
  statementId: text,
  title: text,
  supersedes: optional(text),
  type: optional(struct({ name: text, version: integer })),
  readers: optional(listOf(text)),
});

/** Return the document of these bytes; refuse what the ledger refuses to draft. */
export function parseDocument(raw) {
  if (raw.length > MAX_DOCUMENT_BYTES) refuse("document_too_large", "over 1 MiB");
  const found = read(document, parseJson(raw, { exact: true }), "document_malformed");
  const content = parseJson(bytesOf(found.content), { exact: true });
  if (!isObject(content)) refuse("content_not_object", "content is the text of a JSON object");
  if (!strip(found.title) || length(found.title) > MAX_TITLE_CHARS) {
    refuse("document_malformed", "a title has 1 to 200 characters");
  }
  if (found.type !== null && !(found.type.name === CHANGE && found.type.version === 1)) {
    refuse("type_unknown", "this ledger has no such type of statement");
  }
  requireText(found.title, "title");
  requireUuid(found.statementId);
  if (found.supersedes !== null) requireUuid(found.supersedes);
  toMs(found.createdAt);
  requireShape(found.policy);
  if (found.policy.expiresAt !== null) toMs(found.policy.expiresAt);
  requireReaders(found.readers ?? []);
  return found;
}

function requireReaders(readers) {
  if (readers.length > MAX_READERS || new Set(readers).size !== readers.length) {
    refuse("readers_invalid", `a document names at most ${MAX_READERS} readers, each of them once`);
  }
  if (!readers.every(isMember)) {
    refuse("readers_invalid", "a reader must be user:<id of a person> or role:<name of a role>");
  }
}

/** Tell whether the individual form may approve it: it has rules for people and numbers only. */
export const isPlain = ({ supersedes, type, policy: rules }) =>
  supersedes === null && type === null && !rules.veto.length && !stepsOf(rules).length
  && rules.assurance === ASSURANCE.KEY;

/** Return when a pending statement expires: at its policy's end, or 400 days after its draft. */
export const endsMs = ({ createdAt, policy: { expiresAt } }) =>
  expiresAt === null ? toMs(createdAt) + MAX_AGE_MS : toMs(expiresAt);

export function requireUuid(id) {
  if (!UUID.test(id)) refuse("id_invalid", "an id is a UUID in lower case with hyphens");
}
