"""Changes that close roles, and evidence of a part of the log, with the code of the refusal."""

from collections.abc import Callable
from typing import Any

from ledger.domain.events import RoleGranted
from ledger.domain.policy import Node
from tests.support.chronicle import FOUNDING, statement_id
from tests.vectors.changes.company import NOBODY, Company, Item, close, end, governance, grant

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


# Each tells a log, and returns the streams of the part that is shown.
Part = Callable[[Company], list[str]]


def by_one_of_two_who_govern(told: Company) -> list[str]:
    named = {"threshold": 1, "of": [f"user:{told.ada.user}", f"user:{told.ben.user}"]}
    told.change(told.ada, 2, governance(named, FOUNDING))
    told.change(told.ada, 9, BOARD, governance=named)
    return [str(told.events[0].stream), told.ada.user, statement_id(9)]


def _granted_by(change: str) -> Part:
    def told_so(told: Company) -> list[str]:
        told.add(told.ivy.user, RoleGranted(change, "creator"))
        return [str(told.events[0].stream), told.ivy.user]

    return told_so


PARTS: dict[str, tuple[Part, str | None]] = {
    "a part without others who govern": (by_one_of_two_who_govern, None),
    "an effect whose change a part leaves out": (_granted_by(statement_id(77)), None),
    "an effect of a change without an id": (_granted_by("x"), "id_invalid"),
    "an effect of a change in another spelling": (_granted_by(f"{{{NOBODY}}}"), "id_invalid"),
}
