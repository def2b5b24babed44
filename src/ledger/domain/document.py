"""The document of a statement: the exact bytes that people sign."""

import re
from functools import lru_cache
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import policy, usable
from ledger.domain.policy import Policy
from ledger.domain.text import require_text
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import CHANGE, RESERVED
from ledger.encoding import SHA256_HEX, SafeInteger, parse_json
from ledger.errors import ConflictError, MalformedError, TooLargeError

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_TITLE_CHARS = 200
MAX_READERS = 256


class DocumentType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The type of a statement: its name and version, and the SHA-256 (hex) of its definition.

    A built-in type has no definition.
    """

    name: str
    version: SafeInteger
    sha256: str | None = None

    @property
    def named(self) -> str:
        """The type in words."""
        return f"{self.name}, version {self.version}"


BUILT_IN = (DocumentType(CHANGE, 1),)
TYPE_NAME = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9-]*(?:/[a-z][a-z0-9-]*)*", re.ASCII)


class Superseded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The statement that a document supersedes, with its digest (hex) and a copy of its policy."""

    statement: str
    sha256: str
    policy: Policy


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The members of a document; `content` is JSON text, exactly as drafted."""

    content: str
    created_at: str
    creator: str
    ledger: str
    policy: Policy
    statement_id: str
    title: str
    supersedes: Superseded | None = None
    type: DocumentType | None = None
    readers: tuple[str, ...] | None = None
    usable: Usable | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the individual form may approve it: it has rules for people and numbers only."""
        rules = self.policy
        typed = not (self.type is None and self.supersedes is None and self.usable is None)
        ruled = bool(rules.veto or rules.ordered)
        return not typed and not ruled and rules.assurance == "key"


def parse_document(raw: bytes) -> Document:
    """Return the document of these bytes.

    Raises TooLargeError `document_too_large`, and MalformedError: those of `parse_json`,
    `document_malformed`, `content_not_object`, `type_unknown`, `policy_invalid`,
    `policy_too_complex`, `readers_invalid`, `usable_invalid`, `time_invalid`, `text_refused`.
    """
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise TooLargeError(
            "document_too_large", f"a document has at most {MAX_DOCUMENT_BYTES} bytes"
        )
    try:
        document = msgspec.convert(parse_json(raw), Document)
    except msgspec.ValidationError as error:
        raise MalformedError("document_malformed", str(error)) from error
    if not isinstance(parse_json(document.content.encode()), dict):
        raise MalformedError("content_not_object", "content is the text of a JSON object")
    require_title(document.title, "document_malformed")
    if document.type is not None:
        _check_type(document.type)
    parse_uuid(document.statement_id)
    if document.supersedes is not None:
        parse_uuid(document.supersedes.statement)
        policy.check(document.supersedes.policy)
    clock.to_ms(document.created_at)
    policy.check(document.policy)
    if document.policy.expires_at is not None:
        clock.to_ms(document.policy.expires_at)
    _check_readers(document.readers or ())
    if document.usable is not None:
        usable.check(document.usable)
    return document


def require_title(title: str, code: str) -> None:
    """Require 1 to 200 characters; raise MalformedError with this code, or `text_refused`."""
    if not 1 <= len(title.strip()) <= len(title) <= MAX_TITLE_CHARS:
        raise MalformedError(code, "a title has 1 to 200 characters")
    require_text(title, "title")


def _check_readers(readers: tuple[str, ...]) -> None:
    if len(readers) > MAX_READERS or len(set(readers)) != len(readers):
        detail = f"a document names at most {MAX_READERS} readers, each of them once"
        raise MalformedError("readers_invalid", detail)
    if not all(map(policy.is_member, readers)):
        detail = "a reader must be user:<id of a person> or role:<name of a role>"
        raise MalformedError("readers_invalid", detail)


def _check_type(stated: DocumentType) -> None:
    """Require a built-in type, or what states a defined one: a name, a version and a digest."""
    is_built_in = stated.sha256 is None or stated.name.startswith(RESERVED)
    if is_built_in and stated not in BUILT_IN:
        raise MalformedError("type_unknown", "there is no such built-in type of statement")
    if stated.sha256 is not None and not SHA256_HEX.fullmatch(stated.sha256):
        raise MalformedError("document_malformed", "a digest has 64 hex characters in lower case")


def ends_at(document: Document, max_age_ms: int) -> str:
    """Return when a pending statement expires.

    That is at `expiresAt` of its policy, or so long after `createdAt`: none is pending for ever.
    Raises MalformedError `time_invalid`.
    """
    if document.policy.expires_at is not None:
        return document.policy.expires_at
    latest_ms = clock.to_ms(document.created_at) + max_age_ms
    return clock.to_text(min(latest_ms, clock.LAST_MS))


def require_end(document: Document, max_age_ms: int) -> None:
    """Raise ConflictError `expires_too_late` for an end after the longest wait."""
    ends = document.policy.expires_at
    if ends is not None and clock.to_ms(ends) > clock.to_ms(document.created_at) + max_age_ms:
        hours = max_age_ms // 3_600_000
        detail = f"expiresAt is more than {hours:,} hours after createdAt, the longest wait here"
        raise ConflictError("expires_too_late", detail, hours=hours)


@lru_cache(maxsize=4096)  # a decision reads the same few ids again and again
def parse_uuid(text: str) -> UUID:
    """Return a UUID from its one canonical, lower-case text; raise MalformedError `id_invalid`."""
    try:
        value = UUID(text)
    except ValueError as error:
        raise MalformedError("id_invalid", "an id is a UUID") from error
    if str(value) != text:
        raise MalformedError("id_invalid", "an id is a UUID in lower case with hyphens")
    return value
