"""Changes that close roles, and evidence of a part of the log, with the code of the refusal."""

from collections.abc import Callable
from typing import Any

from ledger.domain.policy import Node
from tests.support.chronicle import FOUNDING, statement_id
from tests.vectors.changes.company import Company, Item, close, end, governance, grant

BOARD: Item = {"define-role": {"role": "board"}}
WIDER: dict[str, Any] = {"threshold": 1, "of": ["role:administrator", "role:board"]}
WIDER_NODE = Node(1, ("role:administrator", "role:board"))
ONE: dict[str, Any] = {"threshold": 1, "of": ["role:administrator"]}
Try = Callable[[Company], None]


def _widen(told: Company) -> None:
    told.change(told.ada, 2, BOARD, governance(WIDER, FOUNDING))


def closed_while_it_governs(told: Company) -> None:
    _widen(told)
    told.draft_unseen(told.ada, close("board"), governance=WIDER)


def closed_and_named_by_the_next_policy(told: Company) -> None:
    told.change(told.ada, 2, BOARD)
    told.draft_unseen(told.ada, governance(WIDER, FOUNDING), close("board"))


def closed_after_it_governed(told: Company) -> None:
    _widen(told)
    raw = [governance(ONE, WIDER_NODE), close("board")]
    told.change(told.ada, 9, *raw, governance=WIDER)


def closed_before_the_policy_leaves_it_out(told: Company) -> None:
    _widen(told)
    raw = [close("board"), governance(ONE, WIDER_NODE)]
    told.change(told.ada, 9, *raw, governance=WIDER)


def closed_though_the_only_governor_has_no_other(told: Company) -> None:
    told.change(told.ada, 2, BOARD, grant(told.ivy, "board"), end(told.ivy, "investor"))
    named = {"threshold": 1, "of": [f"user:{told.ivy.user}"]}
    told.change(told.ada, 3, governance(named, FOUNDING))
    told.draft_unseen(told.ivy, close("board"), governance=named)


CLOSING: dict[str, tuple[Try, str | None]] = {
    "the end of a role that governs": (closed_while_it_governs, "role_governs"),
    "a policy with a role that the same change closes": (
        closed_and_named_by_the_next_policy,
        "role_governs",
    ),
    "the end of a role after the policy leaves it out": (closed_after_it_governed, None),
    "the end of a role before the policy leaves it out": (
        closed_before_the_policy_leaves_it_out,
        None,
    ),
    "the end of the only role of the only person who governs": (
        closed_though_the_only_governor_has_no_other,
        "governance_unmeetable",
    ),
}


def of_a_part(told: Company) -> list[str]:
    """Tell a change by one of two people whom governance names; return the streams of the part."""
    named = {"threshold": 1, "of": [f"user:{told.ada.user}", f"user:{told.ben.user}"]}
    told.change(told.ada, 2, governance(named, FOUNDING))
    told.change(told.ada, 9, BOARD, governance=named)
    return [str(told.events[0].stream), told.ada.user, statement_id(9)]
