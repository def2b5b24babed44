"""The draft of a statement: verify the document that its creator signed. Pure.

An untyped statement is drafted by a creator, one of a type by a person whom the type names, a
change by anybody who can fill a place of governance.
"""

from collections.abc import Callable
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import (
    acts,
    charter_values,
    governance,
    places,
    policy,
    readers,
    statement_types,
    usable,
    versions,
)
from ledger.domain.acts import parse_act, stated_act, verify_act
from ledger.domain.changes.items import is_change
from ledger.domain.charter import Charter
from ledger.domain.document import Document, ends_at, parse_document, require_end
from ledger.domain.epochs import precedes_loss
from ledger.domain.events import StatementDrafted
from ledger.domain.holdings import AttestedKey, beyond_scope
from ledger.domain.person import Person
from ledger.domain.policy import RolesByPerson
from ledger.domain.seen import seen
from ledger.domain.standing import require_standing
from ledger.domain.statement import Statement
from ledger.domain.statement_types import DefinedType
from ledger.domain.vocabulary import AUDITOR, CREATOR
from ledger.encoding import sha256_hex
from ledger.errors import ConflictError, ForbiddenError, RefusedError
from ledger.jose import CompactJws, VerifiedJws, verified

FindStatement = Callable[[UUID], Statement | None]


def find_nothing(_: UUID) -> None:
    """Find no statement."""


class SignedDocument(msgspec.Struct, frozen=True):
    """A document as it was sent and as it reads, and the act that drafts it."""

    raw: bytes
    document: Document
    act: CompactJws


def draft(
    raw: bytes,
    act_text: str,
    creator: Person,
    *,
    charter: Charter,
    now_ms: int,
    find: FindStatement = find_nothing,
) -> tuple[StatementDrafted, Document]:
    """Return the draft event and the document that its creator signed.

    Raises as `read`, `parse_act` and `decide` do, in this order.
    """
    document = read(raw)
    sent = SignedDocument(raw, document, parse_act(act_text))
    return decide(sent, creator, charter=charter, now_ms=now_ms, find=find), document


def read(raw: bytes) -> Document:
    """Return the document of these bytes, which is not signed yet.

    Raises as `parse_document` and, for a change, `governance.check_change` do.
    """
    document = parse_document(raw)
    if is_change(document):
        governance.check_change(document)
    return document


def signed_act(raw: bytes, act_text: str, owner: Person) -> VerifiedJws:
    """Return the act of a document that nobody has parsed yet, once its signature covers it.

    To verify costs a hundredth of parsing a large document. Whether the key still decides is not
    asked here, so that a repeated request gets its answer. Raises as `parse_act` and
    `jose.verify_compact` do; RefusedError `key_unknown`, `act_mismatch`.
    """
    jws = parse_act(act_text)
    key = owner.keys.get(jws.header.kid)
    if key is None:
        raise RefusedError("key_unknown", "no such signing key")
    signed = verified(jws, key.jwk)
    if stated_act(jws, acts.Draft).sha256 != sha256_hex(raw):
        raise RefusedError("act_mismatch", "the act is about something else")
    return signed


def decide(
    sent: SignedDocument,
    creator: Person,
    *,
    charter: Charter,
    now_ms: int,
    find: FindStatement = find_nothing,
) -> StatementDrafted:
    """Return the draft event of a document that its creator signed.

    `find` returns the statement that the document supersedes, None if there is none.

    Raises as `verify_act` and those of `statement_types` and `versions` do; ForbiddenError
    `creator_only`, `governance_only`, `person_suspended`, `person_deactivated`; RefusedError
    `document_creator_mismatch`, `ledger_mismatch`, `document_time_stale`, `act_mismatch`;
    ConflictError `statement_expired` if the statement would have expired already,
    `governance_changed`, `type_required`, `below_floor`, `expires_too_late`; MalformedError
    `policy_invalid` for a role that the ledger does not have, `policy_impossible`,
    `readers_invalid`, `usable_invalid`; ConflictError `use_expired`.
    """
    document, ledger = sent.document, charter.ledger
    # 1. The signature is valid and covers exactly these bytes.
    key, iat = _signed_by(creator, sent, charter, now_ms)
    superseded = versions.require_found(document, creator, find)
    # 2. The document names the right creator, ledger and time; the person may draft.
    _require_own(document, creator, ledger)
    _require_timely(document, charter, now_ms, iat)
    require_standing(creator)
    _require_scope(key, document)
    known = _require_kind(document, creator, charter)
    status = versions.require_supersedable(superseded, document, creator, charter, now_ms=now_ms)
    # 3. The policy asks for roles of this ledger, for as much as the floor, and people could meet
    # it. A change has the policy of governance, which is never below the floor.
    policy.require_known_roles(document.policy, charter.signing_roles)
    if not is_change(document):
        charter_values.require_floor(document.policy, charter.values.floor)
    places.require_possible(document.policy, document.creator, charter.signing_roles)
    readers.require_known(document, charter.roles)
    if document.usable is not None:
        usable.require_draftable(document.usable, charter.signing_roles, now_ms=now_ms)
    return StatementDrafted(
        document=sent.raw.decode(),
        creator=creator.user,
        kid=key.kid,
        act=sent.act.text,
        ends_at=_end_of(document, known, charter, now_ms),
        type=None if document.type is None else document.type.name,
        read_by=readers.read_by(document, charter.registration),
        earlier=status,
        seen=seen({}, charter.version, [creator], superseded),
        drafters=() if known is None else known.definition.drafters,
    )


def _signed_by(
    creator: Person, sent: SignedDocument, charter: Charter, now_ms: int
) -> tuple[AttestedKey, int]:
    """Return the key whose signature covers exactly these bytes, and when it signed."""
    jws, document = sent.act, sent.document
    key = creator.active_key(jws.header.kid, now_ms=now_ms, act="draft")
    act = verify_act(
        jws,
        key.jwk,
        acts.Draft,
        ledger=charter.ledger,
        now_ms=now_ms,
        freshness_ms=statement_types.freshness_of(charter.types, document.type),
        statement_id=document.statement_id,
        sha256=sha256_hex(sent.raw),
    )
    return key, act.iat


def _require_scope(key: AttestedKey, document: Document) -> None:
    """Require that a service account drafts such statements, and replaces none.

    A new version ends the pending one before it, so an account would withdraw what it drafts.
    Raises ForbiddenError `beyond_scope`.
    """
    key.require_scope(None if document.type is None else document.type.name)
    if key.service is not None and document.supersedes is not None:
        raise beyond_scope()


def _require_kind(document: Document, creator: Person, charter: Charter) -> DefinedType | None:
    """Require that this person drafts such statements, and what their kind asks of the document.

    Return the type that an administration defined, None for a change or an untyped statement.
    """
    if is_change(document):
        governance.require_place(creator, charter.governance)
        governance.require_in_force(document.policy, charter.governance)
        return None
    if document.type is not None:
        known = statement_types.require_drafter(charter.types, document.type, creator)
        statement_types.require_met(known, document)
        return known
    if not charter.values.untyped:
        raise ConflictError("type_required", "this ledger takes statements of a type only")
    if CREATOR not in creator.roles:
        raise ForbiddenError("creator_only", "drafting requires the role creator")
    return None


def _end_of(document: Document, known: DefinedType | None, charter: Charter, now_ms: int) -> str:
    """Return when a pending statement expires: within the longest wait, and after now."""
    own = None if known is None else known.definition.max_age
    max_age_ms = charter.values.max_age if own is None else own
    if not is_change(document):
        require_end(document, max_age_ms)
    ends = ends_at(document, max_age_ms)
    _require_not_ended(ends, now_ms)
    return ends


def _require_own(document: Document, creator: Person, ledger: str) -> None:
    if document.creator != creator.user:
        raise RefusedError("document_creator_mismatch", "the document names another creator")
    if document.ledger != ledger:
        raise RefusedError("ledger_mismatch", "the document is for another ledger")


def _require_timely(document: Document, charter: Charter, now_ms: int, iat: int) -> None:
    """Require a document of now, and of after every loss.

    A loss may have taken the withdrawal or the uses of what was drafted before it. Somebody who
    kept the document and its approvals could otherwise bring it back without them.
    """
    fresh_ms = statement_types.freshness_of(charter.types, document.type)
    created_ms = clock.to_ms(document.created_at)
    if not clock.is_fresh(created_ms, now_ms=now_ms, freshness_ms=fresh_ms):
        detail = "createdAt is too long ago, or ahead of the server's clock"
        raise RefusedError("document_time_stale", detail)
    clock.require_after(iat, created_ms)
    if precedes_loss(document.created_at, charter.losses):
        detail = "createdAt is before a restore that lost entries: draft it anew"
        raise RefusedError("document_time_stale", detail)
    if document.policy.expires_at is not None:
        _require_not_ended(document.policy.expires_at, now_ms)


def _require_not_ended(ends: str, now_ms: int) -> None:
    if clock.to_ms(ends) <= now_ms:
        raise ConflictError("statement_expired", "the statement would have expired already")


def satisfiable(document: Document, able: RolesByPerson) -> bool:
    """Tell whether the people who are able to approve today could meet the policy."""
    signers = {user: roles for user, roles in able.items() if not roles <= {AUDITOR}}
    without = places.excluded(document.policy, document.creator)
    return places.missing(document.policy, {}, signers, without) is not None
