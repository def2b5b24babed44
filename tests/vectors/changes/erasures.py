"""Changes that erase a statement or a name, and the code that refuses the last event."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from ledger.domain import admission, drafting
from ledger.domain.events import BodiesErased, NameErased
from ledger.domain.skeletons import skeletons
from tests.support.chronicle import statement_id
from tests.support.signers import Signer
from tests.support.versions import copied
from tests.vectors.changes.company import NOBODY, Company, Item, stand

DAY_MS = 86_400_000
ONE_INVESTOR: dict[str, Any] = {"threshold": 1, "of": ["role:investor"]}


def erase(number: int, status: str = "approved") -> Item:
    return {"erase": {"statement": statement_id(number), "status": status}}


def erase_name(who: Signer) -> Item:
    return {"erase": {"name": who.user}}


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


# --- names ---------------------------------------------------------------------------------------


def _gone(told: Company) -> Item:
    return stand("deactivate", told.ivy)


def name_erased(told: Company) -> None:
    told.change(told.ada, 4, _gone(told))
    told.change(told.ada, 9, erase_name(told.ivy))


def name_erased_with_the_deactivation(told: Company) -> None:
    told.change(told.ada, 9, _gone(told), erase_name(told.ivy))


def name_erased_before_the_deactivation(told: Company) -> None:
    told.draft_unseen(told.ada, erase_name(told.ivy), _gone(told))


def name_of_somebody_suspended_erased(told: Company) -> None:
    told.change(told.ada, 4, stand("suspend", told.ivy))
    told.draft_unseen(told.ada, erase_name(told.ivy))


def name_erased_twice(told: Company) -> None:
    name_erased(told)
    told.draft_unseen(told.ada, erase_name(told.ivy))


def name_of_nobody_erased(told: Company) -> None:
    told.draft_unseen(told.ada, {"erase": {"name": NOBODY}})


def name_erased_with_a_status(told: Company) -> None:
    told.draft_unseen(told.ada, {"erase": {"name": told.ivy.user, "status": "approved"}})


def name_and_statement_erased_in_one_item(told: Company) -> None:
    _approved(told)
    told.draft_unseen(told.ada, {"erase": {"name": told.ivy.user, "statement": statement_id(3)}})


def name_erased_by_no_change(told: Company) -> None:
    told.change(told.ada, 4, _gone(told))
    told.add(told.ivy.user, NameErased(statement_id(4), _name_of(told)))


def name_erased_elsewhere(told: Company) -> None:
    told.change(told.ada, 4, _gone(told))
    raw = told.begin(told.ada, erase_name(told.ivy))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    (position,) = _name_of(told)
    told.add(told.ivy.user, NameErased(statement_id(9), (position - 1,)))


def named_twice(told: Company) -> None:
    told.add(told.ivy.user, admission.call("Iris", skeletons("Iris")))


def named_again_after_the_erasure(told: Company) -> None:
    name_erased(told)
    told.add(told.ivy.user, admission.call("Iris", skeletons("Iris")))


def _name_of(told: Company) -> tuple[int, ...]:
    return tuple(told.auditor._places[UUID(told.ivy.user)][3:4])


NAMES: dict[str, tuple[Callable[[Company], None], str | None]] = {
    "an erasure of a name": (name_erased, None),
    "an erasure of a name with the deactivation": (name_erased_with_the_deactivation, None),
    "an erasure of a name before the deactivation": (
        name_erased_before_the_deactivation,
        "not_erasable",
    ),
    "an erasure of the name of somebody suspended": (
        name_of_somebody_suspended_erased,
        "not_erasable",
    ),
    "an erasure of an erased name": (name_erased_twice, "change_no_effect"),
    "an erasure of the name of nobody": (name_of_nobody_erased, "user_unknown"),
    "an erasure of a name with a status": (name_erased_with_a_status, "change_invalid"),
    "an erasure of a name and a statement in one item": (
        name_and_statement_erased_in_one_item,
        "change_invalid",
    ),
    "a second name": (named_twice, "event_misplaced"),
    "a name after the erasure of the first": (named_again_after_the_erasure, "event_misplaced"),
    "an erasure of a name by no change": (name_erased_by_no_change, "effect_unexpected"),
    "an erasure of a name at another position": (name_erased_elsewhere, "decision_mismatch"),
}

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
    **NAMES,
}
