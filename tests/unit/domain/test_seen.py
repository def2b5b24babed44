"""What a decision has seen: the newest version of every other stream that it depends on."""

from typing import get_args

import msgspec
import pytest

from ledger.domain.charter import STREAM
from ledger.domain.events import StatementRecord
from ledger.domain.seen import require_seen
from ledger.errors import CorruptError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, Scene, user

THREE = {"threshold": 3, "of": [user(ALICE), user(BOB), user(CAROL)]}


def later(scene: Scene, who: str, version: int) -> None:
    """Let something happen to a person after the last decision."""
    scene.known[who] = msgspec.structs.replace(scene.known[who], version=version)


def test_the_draft_names_the_charter_and_the_creator() -> None:
    assert Scene().statement.seen == {str(STREAM): 1, ALICE.user: 3}


def test_a_decision_names_its_signer_and_what_changed_since_the_event_before() -> None:
    scene = Scene(THREE)
    assert scene.sign(BOB).seen == {BOB.user: 3}
    assert scene.sign(ALICE).seen == {}
    later(scene, BOB.user, 5)
    assert scene.sign(CAROL).seen == {BOB.user: 5, CAROL.user: 3}
    assert scene.statement.seen == {
        str(STREAM): 1, ALICE.user: 3, BOB.user: 5, CAROL.user: 3,
    }  # fmt: skip


def test_what_happens_to_people_whose_decisions_do_not_count_is_not_named() -> None:
    scene = Scene({"threshold": 1, "of": [user(ALICE), user(BOB), user(CAROL)]})
    assert scene.sign(BOB).status == "approved"
    later(scene, BOB.user, 5)
    assert scene.sign(CAROL).seen == {CAROL.user: 3}


def test_a_rejection_counts_for_later_decisions_and_so_it_is_named() -> None:
    scene = Scene(THREE | {"threshold": 1})
    scene.reject(BOB)
    later(scene, BOB.user, 4)
    assert scene.reject(CAROL).seen == {BOB.user: 4, CAROL.user: 3}
    later(scene, CAROL.user, 4)
    assert scene.withdraw(ALICE, scene.withdrawal(ALICE)).seen == {CAROL.user: 4}


def test_every_event_of_a_statement_that_somebody_signs_names_what_it_has_seen() -> None:
    for kind in get_args(StatementRecord):
        assert "seen" in kind.__struct_fields__, kind


@pytest.mark.parametrize(
    "named",
    [
        {},
        {BOB.user: 2},
        {BOB.user: 4},
        {BOB.user: 3, CAROL.user: 3},
        {CAROL.user: 3},
    ],
    ids=["nothing", "older", "newer", "more", "another"],
)
def test_an_event_that_names_other_versions_is_refused(named: dict[str, int]) -> None:
    signed = Scene(THREE).sign(BOB)
    with refused(CorruptError, "seen_mismatch"):
        require_seen(msgspec.structs.replace(signed, seen=named), signed)


def test_the_versions_are_named_in_the_order_of_their_streams() -> None:
    drafted = Scene().statement
    event = Scene(THREE).sign(BOB)
    right = msgspec.structs.replace(event, seen=drafted.seen)
    turned = msgspec.structs.replace(event, seen=dict(reversed(drafted.seen.items())))
    require_seen(right, right)
    with refused(CorruptError, "seen_mismatch"):
        require_seen(turned, right)
