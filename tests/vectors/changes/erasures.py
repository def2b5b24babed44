"""Changes that erase a statement, and the code that refuses the last event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from ledger.domain import drafting
from ledger.domain.events import BodiesErased
from tests.support.chronicle import statement_id
from tests.support.versions import copied
from tests.vectors.changes.company import Company, Item, stand

DAY_MS = 86_400_000
ONE_INVESTOR: dict[str, Any] = {"threshold": 1, "of": ["role:investor"]}


def erase(number: int, status: str = "approved") -> Item:
    return {"erase": {"statement": statement_id(number), "status": status}}


def _approved(told: Company, **members: Any) -> bytes:
    raw = told.draft(told.cal, 3, **({"policy": ONE_INVESTOR} | members))
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    return raw


def erased_after_its_approval(told: Company) -> None:
    _approved(told)
    told.change(told.ada, 9, erase(3))


def erased_as_what_it_is_not(told: Company) -> None:
    _approved(told)
    told.draft_unseen(told.ada, erase(3, "expired"))


def erased_twice(told: Company) -> None:
    erased_after_its_approval(told)
    told.draft_unseen(told.ada, erase(3))


def erased_in_one_change_twice(told: Company) -> None:
    _approved(told)
    told.draft_unseen(told.ada, erase(3), erase(3))


def erased_before_a_version_of_it_ended(told: Company) -> None:
    told.draft(told.cal, 5, supersedes=copied(_approved(told)))
    told.draft_unseen(told.ada, erase(3))


def erased_after_the_version_of_it_was_withdrawn(told: Company) -> None:
    new = told.draft(told.cal, 5, supersedes=copied(_approved(told)))
    told.withdraw(told.cal, new)
    told.change(told.ada, 9, erase(3))


def erased_after_a_version_replaced_it(told: Company) -> None:
    first = copied(_approved(told))
    new = told.draft(told.cal, 5, supersedes=first, policy=ONE_INVESTOR)
    told.sign(told.ivy, told.ivy.shared(new), new)
    told.change(told.ada, 9, erase(3, "superseded"))


def erased_with_a_use_left(told: Company) -> None:
    _approved(told, usable={"by": ["role:investor"], "times": 1})
    told.draft_unseen(told.ada, erase(3))


def erased_after_its_last_use(told: Company) -> None:
    raw = _approved(told, usable={"by": ["role:investor"], "times": 1})
    told.use_statement(told.ivy, raw, "the-only-nonce-of-ivy-1")
    told.change(told.ada, 9, erase(3))


def erased_after_the_time_of_its_uses(told: Company) -> None:
    until = "2026-11-22T03:04:05.678Z"
    _approved(told, usable={"by": ["role:investor"], "times": 1, "until": until})
    told.time.ms += 2 * DAY_MS
    told.change(told.ada, 9, erase(3))


def erased_by_a_change_of_itself(told: Company) -> None:
    told.change(told.ada, 4, stand("suspend", told.cal))
    told.draft_unseen(told.ada, erase(4))


def erased_by_no_change(told: Company) -> None:
    _approved(told)
    told.change(told.ada, 4, stand("suspend", told.cal))
    positions = tuple(told.auditor._places[UUID(statement_id(3))])
    told.add(statement_id(3), BodiesErased(statement_id(4), positions, "approved"))


def erased_at_fewer_positions(told: Company) -> None:
    _approved(told)
    raw = told.begin(told.ada, erase(3))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    positions = tuple(told.auditor._places[UUID(statement_id(3))])[:1]
    told.add(statement_id(3), BodiesErased(statement_id(9), positions, "approved"))


def approved_after_its_erasure(told: Company) -> None:
    raw = _approved(told, policy={"threshold": 1, "of": ["role:investor", "role:creator"]})
    signed = told.approval_of_plain(told.cal, raw, 3)
    told.change(told.ada, 9, erase(3))
    told.add(statement_id(3), signed)


def superseded_after_its_erasure(told: Company) -> None:
    raw = _approved(told)
    new = told.cal.document(statementId=statement_id(5), supersedes=copied(raw))
    given = told._rules() | {"find": told.auditor.statements.get}
    body, _ = drafting.draft(new, told.cal.draft_act(new), told.state_of(told.cal), **given)
    told.change(told.ada, 9, erase(3))
    told.add(statement_id(5), body)


ERASURES: dict[str, tuple[Callable[[Company], None], str | None]] = {
    "an erasure of what is approved": (erased_after_its_approval, None),
    "an erasure that names another status": (erased_as_what_it_is_not, "change_outdated"),
    "an erasure of what is erased": (erased_twice, "change_no_effect"),
    "an erasure twice": (erased_in_one_change_twice, "not_erasable"),
    "an erasure of what a pending version is to replace": (
        erased_before_a_version_of_it_ended,
        "not_erasable",
    ),
    "an erasure of what a withdrawn version was to replace": (
        erased_after_the_version_of_it_was_withdrawn,
        None,
    ),
    "an erasure of what a version replaced": (erased_after_a_version_replaced_it, None),
    "an erasure with a use left": (erased_with_a_use_left, "not_erasable"),
    "an erasure after the last use": (erased_after_its_last_use, None),
    "an erasure after the time of the uses": (erased_after_the_time_of_its_uses, None),
    "an erasure of a change": (erased_by_a_change_of_itself, "not_erasable"),
    "an erasure by no change": (erased_by_no_change, "effect_unexpected"),
    "an erasure of fewer events": (erased_at_fewer_positions, "decision_mismatch"),
    "an approval of what is erased": (approved_after_its_erasure, "statement_erased"),
    "a new version of what is erased": (superseded_after_its_erasure, "statement_erased"),
}
