"""New versions of statements."""

import hashlib
import json
from typing import Any
from uuid import UUID

from ledger.domain import drafting, statement
from ledger.domain.events import Event, StatementDrafted
from ledger.domain.person import Person
from tests.support.signers import CHARTER, Signer


def copied(document: bytes | str) -> dict[str, Any]:
    """Return the member `supersedes` of a new version of the statement with this document."""
    raw = document.encode() if isinstance(document, str) else document
    said = json.loads(raw)
    digest = hashlib.sha256(raw).hexdigest()
    return {"statement": said["statementId"], "sha256": digest, "policy": said["policy"]}


def version_of_nothing(
    who: Signer, person: Person, now_ms: int, **members: Any
) -> StatementDrafted:
    """Return the draft of a version of a statement that was never drafted."""
    rules: dict[str, Any] = {"charter": CHARTER, "now_ms": now_ms}
    first = who.document(statementId="0f0f0f0f-0000-4000-8000-000000000009")
    drafted, _ = drafting.draft(first, who.draft_act(first), person, **rules)
    never = statement.evolve(None, Event(UUID(int=9), 1, str(who.time), drafted))
    raw = who.document(supersedes=copied(first), **members)
    body, _ = drafting.draft(raw, who.draft_act(raw), person, **rules, find=lambda _: never)
    return body
