"""A creator who may not sign: which of the two policies of a version their approval counts for."""

from typing import Any

from ledger.errors import ConflictError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, Scene, user
from tests.unit.domain.test_versions import approved

TWO: dict[str, Any] = {"threshold": 2, "of": ["role:creator", "role:investor"]}
NOT_THE_CREATOR = {"creatorMaySign": False}


def test_a_creator_who_could_not_sign_the_old_one_counts_for_the_new_one_alone() -> None:
    second = Scene({"threshold": 1, "of": [user(ALICE)]}, earlier=approved(TWO | NOT_THE_CREATOR))
    assert second.sign(ALICE).status == "pending"
    assert second.sign(BOB).status == "pending"
    assert second.sign(CAROL).status == "approved"


def test_a_creator_who_may_not_sign_the_new_one_counts_for_the_old_one_alone() -> None:
    second = Scene(TWO | NOT_THE_CREATOR, earlier=approved(TWO, ALICE, BOB))
    assert second.sign(ALICE).status == "pending"
    assert second.sign(BOB).status == "pending"
    assert second.sign(CAROL).status == "approved"


def test_a_creator_who_may_not_sign_fills_no_step_of_the_new_one() -> None:
    steps = [
        {"threshold": 1, "of": [user(ALICE), user(CAROL)]},
        {"threshold": 1, "of": [user(BOB)]},
    ]
    second = Scene({"steps": steps} | NOT_THE_CREATOR, earlier=approved(TWO, ALICE, BOB))
    assert [second.sign(who).step for who in (ALICE, CAROL, BOB)] == [None, 1, 2]


def test_a_creator_who_may_not_sign_waits_for_nothing_that_the_old_policy_lacks() -> None:
    first = approved({"threshold": 1, "of": ["role:creator", user(BOB)]}, BOB)
    steps = [{"threshold": 1, "of": ["role:creator"]}, {"threshold": 1, "of": [user(BOB)]}]
    second = Scene({"steps": steps} | NOT_THE_CREATOR, earlier=first)
    second.sign(BOB)
    with refused(ConflictError, "step_closed"):
        second.sign(ALICE)
