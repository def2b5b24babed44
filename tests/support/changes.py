"""Changes for tests: what a client sends, from a list of items."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType

from ledger import clock
from ledger.demo.signatory import change_title
from ledger.domain import charter_values
from ledger.domain.charter_values import DEFAULT_MAX_AGE_MS, CharterValues
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.domain.vocabulary import KeyHome, RegistrationMode
from tests.support.links import LEDGER, link_jwk

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


def policy_set(items: Sequence[dict[str, Any]]) -> Node | None:
    """Return the governance policy that these items set, None if they set none."""
    found = [each["set-governance"]["policy"] for each in items if "set-governance" in each]
    return msgspec.convert(found[-1], Node) if found else None


def acceptance(policy: Node, change: str | None = None) -> dict[str, Any]:
    """Return the members of the act that accepts a governance policy."""
    return {"policySha256": policy_digest(policy), "change": change}


def governors(*people: Any) -> list[dict[str, str]]:
    """Return the `people` of a governance policy: signers or actors, by their first passkeys."""
    return [{"user": each.user, "cose": each.passkey.cose_sha256} for each in people]


def values(
    registration: RegistrationMode,
    max_age: int = DEFAULT_MAX_AGE_MS,
    *,
    untyped: bool = True,
    homes: tuple[KeyHome, ...] | UnsetType = UNSET,
    recovery_wait: int | UnsetType = UNSET,
    **floor: Any,
) -> CharterValues:
    """Return values of a charter; `floor` overrides the members of a floor that asks for nothing.

    They are the values of a new ledger if only `registration` is given.
    """
    least = msgspec.structs.replace(charter_values.NO_FLOOR, **floor)
    return CharterValues(registration, least, max_age, untyped, homes, recovery_wait)


def set_charter(new: CharterValues, old: CharterValues) -> dict[str, Any]:
    """Return the item that sets the charter's values, if they are `old` before."""
    members = {"values": msgspec.to_builtins(new), "was": charter_values.digest(old)}
    return {"set-charter": members}


def titled(content: str) -> str:
    """Return the title of a change with this content, or a placeholder if it is invalid."""
    try:
        return change_title(content)
    except Exception:  # noqa: BLE001  # the server refuses it, and says why
        return "A change"


def invite(
    token: str, role: str, expires_at: str, ledger: str = LEDGER, **members: Any
) -> dict[str, Any]:
    """Return the item that invites the holder of a link's secret, or of the one of a name."""
    about = {
        "invitation": str(uuid4()),
        "role": role,
        "key": link_jwk(token, ledger),
        "expiresAt": expires_at,
    }
    return {"invite": about | members}
