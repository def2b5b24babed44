"""The document of a statement: the exact bytes that people sign."""

from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import policy
from ledger.domain.policy import Policy
from ledger.domain.text import require_text
from ledger.domain.vocabulary import CHANGE
from ledger.encoding import SafeInteger, parse_json
from ledger.errors import MalformedError, TooLargeError

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_TITLE_CHARS = 200
MAX_READERS = 256
MAX_AGE_MS = 400 * 86_400_000  # how long a statement can be pending if its policy has no end


class DocumentType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The type of a statement: its name and version."""

    name: str
    version: SafeInteger


# Types are built in; today there is one.
TYPES = (DocumentType(CHANGE, 1),)


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The members of a document; `content` is JSON text, exactly as drafted."""

    content: str
    created_at: str
    creator: str
    ledger: str
    policy: Policy
    statement_id: str
    title: str
    supersedes: str | None = None
    type: DocumentType | None = None
    readers: tuple[str, ...] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the individual form may approve it: it has rules for people and numbers only."""
        rules = self.policy
        typed = self.type is not None or self.supersedes is not None
        ruled = bool(rules.veto or rules.ordered)
        return not typed and not ruled and rules.assurance == "key"


def parse_document(raw: bytes) -> Document:
    """Return the document of these bytes.

    Raises TooLargeError `document_too_large`, and MalformedError: those of `parse_json`,
    `document_malformed`, `content_not_object`, `type_unknown`, `policy_invalid`,
    `policy_too_complex`, `readers_invalid`, `time_invalid`, `text_refused`.
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
    if not 1 <= len(document.title.strip()) <= len(document.title) <= MAX_TITLE_CHARS:
        raise MalformedError("document_malformed", "a title has 1 to 200 characters")
    if document.type is not None and document.type not in TYPES:
        raise MalformedError("type_unknown", "this ledger has no such type of statement")
    require_text(document.title, "title")
    parse_uuid(document.statement_id)
    if document.supersedes is not None:
        parse_uuid(document.supersedes)
    clock.to_ms(document.created_at)
    policy.check(document.policy)
    if document.policy.expires_at is not None:
        clock.to_ms(document.policy.expires_at)
    _check_readers(document.readers or ())
    return document


def _check_readers(readers: tuple[str, ...]) -> None:
    if len(readers) > MAX_READERS or len(set(readers)) != len(readers):
        detail = f"a document names at most {MAX_READERS} readers, each of them once"
        raise MalformedError("readers_invalid", detail)
    if not all(map(policy.is_member, readers)):
        detail = "a reader must be user:<id of a person> or role:<name of a role>"
        raise MalformedError("readers_invalid", detail)


def ends_ms(created_at: str, rules: Policy) -> int:
    """Return when a pending statement expires, in milliseconds since 1970.

    That is at `expiresAt` of its policy, or 400 days after `createdAt`: none is pending for ever.
    Raises MalformedError `time_invalid`.
    """
    if rules.expires_at is not None:
        return clock.to_ms(rules.expires_at)
    return clock.to_ms(created_at) + MAX_AGE_MS


def parse_uuid(text: str) -> UUID:
    """Return a UUID from its one canonical, lower-case text; raise MalformedError `id_invalid`."""
    try:
        value = UUID(text)
    except ValueError as error:
        raise MalformedError("id_invalid", "an id is a UUID") from error
    if str(value) != text:
        raise MalformedError("id_invalid", "an id is a UUID in lower case with hyphens")
    return value
