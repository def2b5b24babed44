"""Changes that place a hold or release it, and the code that refuses the last event."""

from collections.abc import Callable
from typing import Any

from ledger.domain.events import HoldPlaced
from tests.support.chronicle import statement_id
from tests.support.signers import Signer
from tests.vectors.changes.company import NOBODY, TWO, Company, Item, stand
from tests.vectors.changes.erasures import ONE_INVESTOR, erase, erase_name


def hold(number: int) -> Item:
    return {"hold": {"statement": statement_id(number)}}


def hold_name(who: Signer) -> Item:
    return {"hold": {"name": who.user}}


def release(item: Item) -> Item:
    return {"release-hold": item["hold"]}


def _approved(told: Company, **members: Any) -> None:
    raw = told.draft(told.cal, 3, **({"policy": ONE_INVESTOR} | members))
    told.sign(told.ivy, told.ivy.shared(raw), raw)


def _held(told: Company) -> None:
    _approved(told)
    told.change(told.ada, 4, hold(3))


def held(told: Company) -> None:
    _approved(told)
    told.change(told.ada, 9, hold(3), hold_name(told.ivy))


def held_while_pending(told: Company) -> None:
    told.draft(told.cal, 3)
    told.change(told.ada, 9, hold(3))


def held_twice(told: Company) -> None:
    _held(told)
    told.draft_unseen(told.ada, hold(3))


def held_twice_in_one_change(told: Company) -> None:
    _approved(told)
    told.draft_unseen(told.ada, hold(3), hold(3))


def erased_while_held(told: Company) -> None:
    _held(told)
    told.draft_unseen(told.ada, erase(3))


def erased_by_the_change_that_holds(told: Company) -> None:
    _approved(told)
    told.draft_unseen(told.ada, hold(3), erase(3))


def erased_by_an_approval_after_the_hold(told: Company) -> None:
    """The erasure was drafted first; the hold came before its approval."""
    told.govern_by_two()
    _approved(told)
    waiting = told.change(told.ada, 9, erase(3), governance=TWO)
    approval = told.approval_of(told.ben, waiting)
    told.approve_change(told.ben, told.change(told.ada, 4, hold(3), governance=TWO))
    told.add(statement_id(9), approval)


def erased_after_the_release(told: Company) -> None:
    _held(told)
    told.change(told.ada, 5, release(hold(3)))
    told.change(told.ada, 9, erase(3))


def erased_by_the_change_that_releases(told: Company) -> None:
    _held(told)
    told.change(told.ada, 9, release(hold(3)), erase(3))


def held_again_after_the_release(told: Company) -> None:
    _held(told)
    told.change(told.ada, 5, release(hold(3)))
    told.change(told.ada, 9, hold(3))


def name_erased_while_held(told: Company) -> None:
    told.change(told.ada, 4, stand("deactivate", told.ivy), hold_name(told.ivy))
    told.draft_unseen(told.ada, erase_name(told.ivy))


def name_erased_while_a_statement_is_held(told: Company) -> None:
    """A hold is on exactly what it names."""
    _held(told)
    told.change(told.ada, 9, stand("deactivate", told.ivy), erase_name(told.ivy))


def held_after_its_erasure(told: Company) -> None:
    _approved(told)
    told.change(told.ada, 4, erase(3))
    told.draft_unseen(told.ada, hold(3))


def name_held_after_its_erasure(told: Company) -> None:
    told.change(told.ada, 4, stand("deactivate", told.ivy), erase_name(told.ivy))
    told.draft_unseen(told.ada, hold_name(told.ivy))


def a_change_held(told: Company) -> None:
    told.change(told.ada, 4, stand("suspend", told.cal))
    told.draft_unseen(told.ada, hold(4))


def held_by_no_change(told: Company) -> None:
    _approved(told)
    told.change(told.ada, 4, stand("suspend", told.cal))
    told.add(
        "00000000-0000-0000-0000-000000000000",
        HoldPlaced(statement_id(4), "statement", statement_id(3)),
    )


def held_as_something_else(told: Company) -> None:
    """The change holds a statement, and the event says a name."""
    _approved(told)
    raw = told.begin(told.ada, hold(3))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    told.add(
        "00000000-0000-0000-0000-000000000000",
        HoldPlaced(statement_id(9), "name", statement_id(3)),
    )


def _drafted(*items: Callable[[Company], Item]) -> Callable[[Company], None]:
    def told_so(told: Company) -> None:
        _approved(told)
        told.draft_unseen(told.ada, *(each(told) for each in items))

    return told_so


HOLDS: dict[str, tuple[Callable[[Company], None], str | None]] = {
    "a hold on a statement and a name": (held, None),
    "a hold on what is pending": (held_while_pending, None),
    "a hold on what is held": (held_twice, "change_no_effect"),
    "a hold twice": (held_twice_in_one_change, "change_no_effect"),
    "an erasure of what is held": (erased_while_held, "on_hold"),
    "an erasure of what the same change holds": (erased_by_the_change_that_holds, "on_hold"),
    "an erasure that a hold overtakes": (erased_by_an_approval_after_the_hold, "on_hold"),
    "an erasure after the release": (erased_after_the_release, None),
    "an erasure of what the same change releases": (erased_by_the_change_that_releases, None),
    "a second hold after the release": (held_again_after_the_release, None),
    "an erasure of a name that is held": (name_erased_while_held, "on_hold"),
    "an erasure of a name in a statement that is held": (
        name_erased_while_a_statement_is_held,
        None,
    ),
    "a hold on what is erased": (held_after_its_erasure, "change_no_effect"),
    "a hold on an erased name": (name_held_after_its_erasure, "change_no_effect"),
    "a hold on a change": (a_change_held, "change_no_effect"),
    "a hold by no change": (held_by_no_change, "effect_unexpected"),
    "a hold on something else than the change names": (held_as_something_else, "decision_mismatch"),
    "a hold on no statement": (_drafted(lambda _: hold(77)), "statement_unknown"),
    "a hold on a person as a statement": (
        _drafted(lambda it: {"hold": {"statement": it.ivy.user}}),
        "statement_unknown",
    ),
    "a hold on the name of nobody": (
        _drafted(lambda _: {"hold": {"name": NOBODY}}),
        "user_unknown",
    ),
    "a hold on a statement and a name in one item": (
        _drafted(lambda it: {"hold": {"name": it.ivy.user, "statement": statement_id(3)}}),
        "change_invalid",
    ),
    "a hold on nothing": (_drafted(lambda _: {"hold": {}}), "change_invalid"),
    "a hold with a reason": (
        _drafted(lambda _: {"hold": {"statement": statement_id(3), "reason": "court"}}),
        "change_invalid",
    ),
    "a hold on an id in capitals": (
        _drafted(lambda _: {"hold": {"statement": statement_id(0xAB).upper()}}),
        "id_invalid",
    ),
    "a release of what is not held": (_drafted(lambda _: release(hold(3))), "change_no_effect"),
    "a release of a name where a statement is held": (
        _drafted(lambda _: hold(3), lambda _: {"release-hold": {"name": statement_id(3)}}),
        "change_no_effect",
    ),
}
