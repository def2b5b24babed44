"""The floor and the longest wait, and the code with which an auditor refuses the last event."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from ledger.clock import to_ms
from ledger.domain.charter_values import CharterValues
from ledger.domain.events import StatementDrafted
from tests.support.changes import set_charter, values
from tests.support.chronicle import FOUNDING, statement_id
from tests.support.document_end import ends_at
from tests.vectors.changes.company import TWO, TWO_NODE, Company, Item, governance

HOUR_MS = 3_600_000
ONE: dict[str, Any] = {"threshold": 1, "of": ["role:investor"]}
TWO_INVESTORS: dict[str, Any] = {"threshold": 2, "of": ["role:investor"]}
OF_TWO = values("open", people=2)
Tries = dict[str, tuple[Callable[[Company], None], str | None]]


def _set(told: Company, new: CharterValues, old: CharterValues | None = None) -> None:
    told.change(told.ada, 3, set_charter(new, old or values("open")))


def _set_for_two(told: Company) -> None:
    """Set a floor of two people, which governance has to ask for too."""
    items = (
        governance(TWO, FOUNDING, told.ada, told.ben),
        set_charter(OF_TWO, values("open")),
    )
    told.change(told.ada, 3, *items)


def _draft_unseen(told: Company, policy: dict[str, Any], ends: str | None = None) -> None:
    """Append the draft of a statement as the last event."""
    raw = told.cal.document(statementId=statement_id(9), policy=policy)
    body = StatementDrafted(
        document=raw.decode(),
        creator=told.cal.user,
        kid=told.cal.key.kid,
        act=told.cal.draft_act(raw),
        ends_at=ends or ends_at(raw),
        read_by="everyone",
    )
    told.add(statement_id(9), body)


def drafted_under(new: CharterValues, policy: dict[str, Any], told: Company) -> None:
    """Draft a statement after the charter's values were set."""
    _set(told, new)
    _draft_unseen(told, policy)


def drafted_under_two(policy: dict[str, Any], told: Company) -> None:
    _set_for_two(told)
    _draft_unseen(told, policy)


def approved_after_the_floor_rose(told: Company) -> None:
    raw = told.draft(told.cal, 9, policy=ONE)
    signed = told.approval_of_plain(told.ivy, raw)
    _set_for_two(told)
    told.add_later(statement_id(9), signed)


def approved_after_the_floor_rose_and_fell(told: Company) -> None:
    raw = told.draft(told.cal, 9, policy=ONE)
    strict = values("open", assurance="passkey")
    _set(told, strict)
    told.change(told.ada, 4, set_charter(values("open"), strict))
    told.add(statement_id(9), told.approval_of_plain(told.ivy, raw))


def approved_again_after_the_floor_rose(told: Company) -> None:
    policy = {"threshold": 1, "of": ["role:investor", "role:creator"]}
    raw = told.draft(told.cal, 9, policy=policy)
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    signed = told.approval_of_plain(told.cal, raw)
    _set(told, values("open", assurance="passkey"))
    told.add_later(statement_id(9), signed)


def a_change_under_a_floor(told: Company) -> None:
    """Make a change, which its drafter approves, while creators approve nothing of their own."""
    _set(told, values("open", creator_may_sign=False, assurance="passkey"))
    told.change(told.ada, 4, {"define-role": {"role": "legal"}})


def ended(max_age_ms: int, more_ms: int, told: Company) -> None:
    """Approve a statement just before or at the end that the charter gives it."""
    _set(told, values("open", max_age_ms))
    raw = told.draft(told.cal, 9, policy=ONE)
    told.time.ms = to_ms(json.loads(raw)["createdAt"]) + max_age_ms - 1
    signed = told.approval_of_plain(told.ivy, raw)
    told.time.ms += more_ms
    told.add_later(statement_id(9), signed)


def drafted_before_the_wait_changed(told: Company) -> None:
    """Approve a statement later than the wait that was set after its draft."""
    raw = told.draft(told.cal, 9, policy=ONE)
    _set(told, values("open", HOUR_MS))
    told.time.ms = to_ms(json.loads(raw)["createdAt"]) + 2 * HOUR_MS
    told.add(statement_id(9), told.approval_of_plain(told.ivy, raw))


def said_to_end_later(told: Company) -> None:
    _draft_unseen(told, ONE, "2028-01-01T00:00:00.000Z")


def _proposed(*items: Item) -> Callable[[Company], None]:
    return lambda told: told.draft_unseen(told.ada, *items)


def governance_falls_below(told: Company) -> None:
    _set_for_two(told)
    one = {"threshold": 1, "of": ["role:administrator"]}
    told.draft_unseen(told.ada, governance(one, TWO_NODE), governance=TWO)


def both_fall_together(told: Company) -> None:
    _set_for_two(told)
    one = {"threshold": 1, "of": ["role:administrator"]}
    items = (governance(one, TWO_NODE), set_charter(values("open"), OF_TWO))
    raw = told.begin(told.ada, *items, governance=TWO)
    told.approve_unseen(told.ada, raw)


def _ill(member: str, value: Any) -> Callable[[Company], None]:
    item = set_charter(values("invite"), values("open"))
    stated = item["set-charter"]["values"]
    holder = stated["floor"] if member in stated["floor"] else stated
    holder[member] = value
    return _proposed(item)


def _without(member: str) -> Callable[[Company], None]:
    item = set_charter(values("invite"), values("open"))
    del item["set-charter"]["values"][member]
    return _proposed(item)


_PASSKEY = {"assurance": "passkey"}
_ANOTHER = {"creatorMaySign": False}
_STEPS = {"steps": [ONE, {"threshold": 1, "of": ["role:administrator"]}]}
_NESTED = {"threshold": 1, "of": [TWO_INVESTORS, {"threshold": 2, "of": ["role:creator"]}]}
_LOOSE = {"threshold": 1, "of": [TWO_INVESTORS, "role:creator"]}

FLOORS: Tries = {
    "a draft for one under a floor of two": (partial(drafted_under_two, ONE), "below_floor"),
    "a draft for two under a floor of two": (partial(drafted_under_two, TWO_INVESTORS), None),
    "a draft of two steps under a floor of two": (partial(drafted_under_two, _STEPS), None),
    "a draft for one of two groups of two": (partial(drafted_under_two, _NESTED), None),
    "a draft for a group of two or one": (partial(drafted_under_two, _LOOSE), "below_floor"),
    "a draft without a passkey under a floor": (
        partial(drafted_under, values("open", assurance="passkey"), ONE),
        "below_floor",
    ),
    "a draft with a passkey under a floor": (
        partial(drafted_under, values("open", assurance="passkey"), ONE | _PASSKEY),
        None,
    ),
    "a draft that its creator may approve": (
        partial(drafted_under, values("open", creator_may_sign=False), ONE),
        "below_floor",
    ),
    "a draft that its creator may not approve": (
        partial(drafted_under, values("open", creator_may_sign=False), ONE | _ANOTHER),
        None,
    ),
    "an impossible draft under a floor": (
        partial(drafted_under_two, {"threshold": 2, "of": [ONE]}),
        "policy_impossible",
    ),
    "an approval after the floor rose": (approved_after_the_floor_rose, "below_floor"),
    "a further approval after the floor rose": (
        approved_again_after_the_floor_rose,
        "below_floor",
    ),
    "an approval after the floor rose and fell": (approved_after_the_floor_rose_and_fell, None),
    "a change by its drafter under a floor": (a_change_under_a_floor, None),
    "a floor above governance": (
        _proposed(set_charter(OF_TWO, values("open"))),
        "below_floor",
    ),
    "governance below the floor": (governance_falls_below, "below_floor"),
    "governance and the floor together": (both_fall_together, None),
    "a floor of nobody": (_ill("people", 0), "change_invalid"),
    "a floor of 257 people": (_ill("people", 257), "change_invalid"),
    "a floor of half a person": (_ill("people", 1.5), "change_invalid"),
    "an assurance that is none": (_ill("assurance", "none"), "change_invalid"),
    "a wait of no time": (_ill("maxAge", 0), "change_invalid"),
    "a wait of an hour and a half": (_ill("maxAge", HOUR_MS * 3 // 2), "change_invalid"),
    "a wait of more than ten years": (_ill("maxAge", 87_841 * HOUR_MS), "change_invalid"),
    "values without a floor": (_without("floor"), "change_invalid"),
    "values without a wait": (_without("maxAge"), "change_invalid"),
    "an approval before the end that the charter gives": (partial(ended, HOUR_MS, 0), None),
    "an approval at the end that the charter gives": (
        partial(ended, HOUR_MS, 1),
        "statement_expired",
    ),
    "an approval of what was drafted before the wait changed": (
        drafted_before_the_wait_changed,
        None,
    ),
    "a draft said to end later": (said_to_end_later, "decision_mismatch"),
}
