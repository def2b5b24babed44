"""Changes for tests: what a client sends, from a list of items."""

import hashlib
import json
from typing import Any
from uuid import uuid4

import msgspec

from ledger import clock
from ledger.domain.changes.items import parse_items, title
from ledger.domain.document import Document

DAY_MS = 86_400_000
GOVERNANCE: dict[str, Any] = {"threshold": 1, "of": ["role:administrator"]}


def change_members(
    items: tuple[dict[str, Any], ...],
    now_ms: int,
    governance: dict[str, Any] = GOVERNANCE,
    **members: Any,
) -> dict[str, Any]:
    """Return the members of a change's document that differ from those of a plain statement.

    The title is computed if the items are valid; `members` overrides any of them.
    """
    found: dict[str, Any] = {
        "content": json.dumps({"items": items}),
        "policy": governance
        | {"assurance": "passkey", "expiresAt": clock.to_text(now_ms + 30 * DAY_MS)},
        "statementId": str(uuid4()),
        "title": "A change",
        "type": {"name": "ledger/change", "version": 1},
    }
    if "title" not in members and "content" not in members:
        found["title"] = titled(found["content"])
    return found | members


def titled(content: str) -> str:
    """Return the title of a change with this content, or a placeholder if it is invalid."""
    whole = {"createdAt": "", "creator": "", "ledger": "", "statementId": "", "title": ""}
    document = msgspec.convert(
        whole | {"content": content, "policy": {"threshold": 1, "of": []}}, Document
    )
    try:
        return title(parse_items(document))
    except Exception:  # noqa: BLE001  # the server refuses it, and says why
        return "A change"


def invite(token: str, role: str, expires_at: str, **members: Any) -> dict[str, Any]:
    """Return the item that invites the holder of a token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    about = {
        "invitation": str(uuid4()),
        "role": role,
        "tokenSha256": digest,
        "expiresAt": expires_at,
    }
    return {"invite": about | members}
