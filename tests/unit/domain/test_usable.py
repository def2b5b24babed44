"""What a document says of its uses, and which number a use takes."""

from typing import Any

import pytest

from ledger import clock
from ledger.domain.usable import RecordedUse, next_use, uses_left
from ledger.errors import ConflictError, LedgerError, MalformedError, RefusedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, Scene, user
from tests.support.signers import NOW_MS
from tests.unit.domain.test_uses import POLICY, usable


def test_the_lowest_free_number_is_taken_first() -> None:
    first = RecordedUse(1, 1, "bob", "n", "not-done", freed=True)
    second = RecordedUse(2, 1, "bob", "m")
    again = RecordedUse(1, 2, "bob", "o")
    assert next_use(2, []) == (1, 1)
    assert next_use(2, [first, second]) == (1, 2)
    assert next_use(2, [first, second, again]) is None
    assert next_use(3, [first, second, again]) == (3, 1)
    assert [uses_left(2, [first]), uses_left(2, [first, second, again])] == [2, 0]


@pytest.mark.parametrize(
    "member",
    [
        usable() | {"by": []},
        usable(user(BOB), user(BOB)),
        usable("bob"),
        usable(*(f"role:r{n}" for n in range(257))),
        usable(times=0),
        usable(times=1001),
        usable("role:nobody"),
    ],
)
def test_a_document_says_who_uses_it_and_how_often(member: dict[str, Any]) -> None:
    with refused(MalformedError, "usable_invalid"):
        Scene(POLICY, usable=member)


@pytest.mark.parametrize(
    ("until", "kind", "code"),
    [
        ("soon", MalformedError, "time_invalid"),
        (clock.to_text(NOW_MS), ConflictError, "use_expired"),
    ],
)
def test_a_document_says_a_time_to_come_until_which_it_is_used(
    until: str, kind: type[LedgerError], code: str
) -> None:
    with refused(kind, code):
        Scene(POLICY, usable=usable(until=until))


def test_the_individual_form_approves_nothing_that_is_used() -> None:
    scene = Scene(POLICY, usable=usable())
    with refused(RefusedError, "shared_form_required"):
        scene.sign(ALICE, ALICE.individual(scene.raw))
