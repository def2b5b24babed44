// Mirrors ledger.domain.document: the document of a statement, which holds its policy.

import { bytesOf } from "../../static/js/lib/digest.js";
import { toMs } from "../clock.js";
import { isObject, length, parseJson, strip } from "../encoding.js";
import { refuse } from "../errors.js";
import { integer, listOf, optional, read, struct, text } from "../shapes.js";
import { isMember, policy, requireShape, stepsOf } from "./policy.js";
import { requireText } from "./text.js";
import { requireUsable, usable } from "./usable.js";
import { ASSURANCE, CHANGE } from "./vocabulary.js";

const MAX_DOCUMENT_BYTES = 1024 * 1024;
const MAX_TITLE_CHARS = 200;
/** The names of built-in types begin so. */
export const RESERVED = "ledger/";
export const TYPE_NAME = /^(?=.{1,64}$)[a-z][a-z0-9-]*(?:\/[a-z][a-z0-9-]*)*$/;
const DIGEST = /^[0-9a-f]{64}$/;
const MAX_READERS = 256;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const document = struct({
  content: text,
  createdAt: text,
  creator: text,
  ledger: text,
  policy,
  statementId: text,
  title: text,
  supersedes: optional(struct({ statement: text, sha256: text, policy })),
  type: optional(struct({ name: text, version: integer, sha256: optional(text) })),
  readers: optional(listOf(text)),
  usable: optional(usable),
});

/** Return the document of these bytes; refuse what the ledger refuses to draft. */
export function parseDocument(raw) {
  if (raw.length > MAX_DOCUMENT_BYTES) refuse("document_too_large", "over 1 MiB");
  const found = read(document, parseJson(raw, { exact: true }), "document_malformed");
  const content = parseJson(bytesOf(found.content), { exact: true });
  if (!isObject(content)) refuse("content_not_object", "content is the text of a JSON object");
  requireTitle(found.title, "document_malformed");
  if (found.type !== null) requireType(found.type);
  requireUuid(found.statementId);
  if (found.supersedes !== null) {
    requireUuid(found.supersedes.statement);
    requireShape(found.supersedes.policy);
  }
  toMs(found.createdAt);
  requireShape(found.policy);
  if (found.policy.expiresAt !== null) toMs(found.policy.expiresAt);
  requireReaders(found.readers ?? []);
  if (found.usable !== null) requireUsable(found.usable);
  return found;
}

/** Refuse, with this code, a title that has not 1 to 200 characters. */
export function requireTitle(title, code) {
  if (!strip(title) || length(title) > MAX_TITLE_CHARS) refuse(code, "a title has 1 to 200 characters");
  requireText(title, "title");
}

/** Refuse what is no built-in type and does not state a defined one: a name, a version, a digest. */
function requireType({ name, version, sha256 }) {
  const isBuiltIn = sha256 === null || name.startsWith(RESERVED);
  if (isBuiltIn && !(name === CHANGE && version === 1 && sha256 === null)) {
    refuse("type_unknown", "there is no such built-in type of statement");
  }
  if (sha256 !== null && !DIGEST.test(sha256)) {
    refuse("document_malformed", "a digest has 64 hex characters in lower case");
  }
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
export const isPlain = ({ supersedes, type, usable: uses, policy: rules }) =>
  supersedes === null && type === null && uses === null && !rules.veto.length && !stepsOf(rules).length
  && rules.assurance === ASSURANCE.KEY;

export function requireUuid(id) {
  if (!UUID.test(id)) refuse("id_invalid", "an id is a UUID in lower case with hyphens");
}
