// Mirrors ledger.domain.drafting: the draft of a statement.

import { bytesOf, sha256Hex } from "../../static/js/lib/digest.js";
import { isFresh, requireAfter, toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { ACT } from "./acts.js";
import { precedesLoss, rolesOf, signingRolesOf } from "./charter.js";
import { endsAt, requireEnd, requireFloor } from "./charter_values.js";
import { isChange } from "./changes/items.js";
import { parseDocument } from "./document.js";
import { asStated, isUnknown } from "./erasure.js";
import { checkChange, requirePlace, requireInForce } from "./governance.js";
import { signedBy } from "./person.js";
import { requirePossible } from "./places.js";
import { requireKnownRoles, ROLE } from "./policy.js";
import { readByOf, requireKnownReaders } from "./readers.js";
import { seenBy } from "./seen.js";
import { requireStanding } from "./standing.js";
import { refuseBeyond, requireCovered } from "./holdings.js";
import { freshnessOf, requireDrafter, requireMet } from "./statement_types.js";
import { requireDraftable } from "./usable.js";
import { requireFound, requireSupersedable } from "./versions.js";

/** Return the draft of a document that its creator signed for. */
export async function decideDraft(body, creator, charter, { nowMs, ...sources }) {
  const { ledger } = charter;
  const raw = bytesOf(body.document);
  const document = parseDocument(raw);
  const isAChange = isChange(document);
  if (isAChange) checkChange(document);
  const freshnessMs = freshnessOf(charter.types, document.type);
  // 1. The signature, and that it is over these very bytes.
  const about = { statementId: document.statementId, sha256: await sha256Hex(raw) };
  const { key, signed } = await signedBy(creator, body.act, ACT.DRAFT, { ledger, nowMs, about, freshnessMs });
  const superseded = requireFound(document, creator, statedSources(document, body, creator, sources));
  // 2. The document names the right creator, ledger and time; the person may draft.
  if (document.creator !== creator.user) {
    refuse("document_creator_mismatch", "the document names another creator");
  }
  if (document.ledger !== ledger) refuse("ledger_mismatch", "the document is for another ledger");
  if (!isFresh(toMs(document.createdAt), nowMs, freshnessMs)) {
    refuse("document_time_stale", "createdAt is too long ago, or ahead of the server's clock");
  }
  requireAfter(signed.iat, toMs(document.createdAt));
  if (precedesLoss(charter, document.createdAt)) {
    refuse("document_time_stale", "createdAt is before a restore that lost entries: draft it anew");
  }
  if (document.policy.expiresAt !== null) requireNotEnded(document.policy.expiresAt, nowMs);
  requireStanding(creator);
  requireCovered(key, document.type);
  if (key.service && document.supersedes !== null) refuseBeyond();
  const known = requireKind(document, creator, charter);
  const earlier = superseded && requireSupersedable(superseded, document, creator, charter, nowMs);
  // 3. The policy asks for roles of this ledger, for as much as the floor, and people could meet it.
  requireKnownRoles(document.policy, signingRolesOf(charter));
  if (!isAChange) requireFloor(document.policy, charter.values.floor);
  requirePossible(document.policy, document.creator, signingRolesOf(charter));
  requireKnownReaders(document, rolesOf(charter));
  if (document.usable !== null) requireDraftable(document.usable, signingRolesOf(charter), nowMs);
  const maxAge = known?.maxAge ?? charter.values.maxAge;
  if (!isAChange) requireEnd(document, maxAge);
  const ends = endsAt(document, maxAge);
  requireNotEnded(ends, nowMs);
  const again = {
    document: body.document,
    creator: creator.user,
    kid: key.kid,
    act: body.act,
    endsAt: ends,
    type: document.type?.name ?? null,
    readBy: readByOf(document, charter.values.registration),
    earlier,
    seen: seenBy({}, charter, [creator], superseded),
    drafters: known?.drafters ?? [],
  };
  return { again, document };
}

function requireNotEnded(ends, nowMs) {
  if (toMs(ends) <= nowMs) refuse("statement_expired", "the statement would have expired already");
}

/** Return the sources with an erased statement as the draft states it. */
function statedSources(document, body, creator, { at, ...sources }) {
  const id = document.supersedes?.statement;
  const known = sources.statements.get(id);
  if (!isUnknown(known)) return sources;
  const stated = asStated(known, creator.user, document, body, at);
  return { ...sources, statements: new Map([...sources.statements, [id, stated]]) };
}

/** Return the defined type of a document, null for others; refuse who does not draft such ones. */
function requireKind(document, creator, { governance, types, values }) {
  if (isChange(document)) {
    requirePlace(creator, governance);
    requireInForce(document.policy, governance);
    return null;
  }
  if (document.type !== null) {
    const known = requireDrafter(types, document.type, creator);
    requireMet(known, document);
    return known;
  }
  if (!values.untyped) refuse("type_required", "this ledger takes statements of a type only");
  if (!creator.roles.includes(ROLE.CREATOR)) refuse("creator_only", "only a creator drafts");
  return null;
}
