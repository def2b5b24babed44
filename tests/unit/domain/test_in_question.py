"""Decisions in question count for nothing later, and a status that was reached stays."""

from typing import Any

import msgspec
import pytest

from ledger.domain.person import Person
from ledger.errors import ConflictError, RefusedError
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, Scene, user
from tests.support.signers import NOW_MS, TWO_OF_TWO, Signer

AT = "2026-11-21T03:04:05.678Z"  # of every event in a scene
LATER = "2026-11-21T03:04:05.679Z"
NEW = ed25519_key(60)
PASSKEY: dict[str, Any] = TWO_OF_TWO | {"assurance": "passkey"}
BOB_AND_CAROL: dict[str, Any] = {"threshold": 2, "of": [user(BOB), user(CAROL)]}


def compromised(who: Signer, since: str = AT) -> Person:
    """Return the person with another key, after their own key was compromised."""
    person = who.person_with(who.key, NEW, revoked=(who.key.kid,))
    ended = msgspec.structs.replace(person.keys[who.key.kid], compromised_since=since)
    return msgspec.structs.replace(person, keys=person.keys | {ended.kid: ended})


def again(scene: Scene, who: Signer) -> str:
    return who.shared(scene.raw, key=NEW, iat=scene.iat(who))


def test_an_approval_in_question_completes_no_policy() -> None:
    scene = Scene()
    scene.sign(BOB)
    scene.known[BOB.user] = compromised(BOB)
    assert scene.sign(ALICE).status == "pending"


def test_an_approval_before_the_compromise_counts() -> None:
    scene = Scene()
    scene.sign(BOB)
    scene.known[BOB.user] = compromised(BOB, LATER)
    assert scene.sign(ALICE).status == "approved"


def test_its_person_approves_again_and_that_counts() -> None:
    scene = Scene()
    scene.sign(BOB)
    scene.known[BOB.user] = bob = compromised(BOB)
    scene.sign(ALICE)
    assert scene.sign(BOB, again(scene, BOB), person=bob).status == "approved"


def test_its_person_rejects_after_an_approval_in_question() -> None:
    scene = Scene(BOB_AND_CAROL)
    scene.sign(BOB)
    scene.known[BOB.user] = bob = compromised(BOB)
    act = BOB.act(
        "reject",
        key=NEW,
        statementId=str(scene.stream),
        sha256=scene.sha256,
        reason="Not by me.",
        iat=scene.iat(BOB),
    )
    assert scene.reject(BOB, act, person=bob).status == "rejected"
    assert (set(scene.statement.approvals), set(scene.statement.rejections)) == (set(), {BOB.user})


def test_a_status_that_was_reached_stays() -> None:
    scene = Scene()
    scene.sign(BOB)
    scene.sign(ALICE)
    scene.known[BOB.user] = compromised(BOB)
    scene.known[ALICE.user] = compromised(ALICE)
    assert scene.sign(CAROL).status == "approved"


def test_an_approval_of_an_approved_statement_is_given_again_if_it_is_in_question() -> None:
    scene = Scene()
    scene.sign(BOB)
    scene.sign(ALICE)
    bob = compromised(BOB)
    assert scene.sign(BOB, again(scene, BOB), person=bob).status == "approved"
    with refused(ConflictError, "already_approved"):
        scene.sign(BOB, again(scene, BOB), person=bob)


def test_a_rejection_in_question_makes_nothing_impossible() -> None:
    scene = Scene()
    scene.reject(BOB)
    scene.known[BOB.user] = compromised(BOB)
    # Without Bob's rejection, Bob and Carol could still approve.
    assert scene.reject(ALICE).status == "pending"


def test_a_rejection_in_question_is_given_again() -> None:
    scene = Scene()
    scene.reject(BOB)
    bob = compromised(BOB)
    about = {"statementId": str(scene.stream), "sha256": scene.sha256, "reason": "Too little."}
    act = BOB.act("reject", key=NEW, iat=scene.iat(BOB), **about)
    assert scene.reject(BOB, act, person=bob).status == "pending"
    act = BOB.act("reject", key=NEW, iat=scene.iat(BOB), **about)
    with refused(ConflictError, "already_rejected"):
        scene.reject(BOB, act, person=bob)


def test_a_compromised_passkey_puts_what_it_confirmed_in_question() -> None:
    scene = Scene(PASSKEY)
    jws = BOB.shared(scene.raw)
    scene.sign(BOB, jws, assertion=BOB.confirm(jws))
    gone = msgspec.structs.replace(BOB.known_passkey, removed=True, compromised_since=AT)
    scene.known[BOB.user] = msgspec.structs.replace(BOB.person, passkeys={BOB.passkey.id: gone})
    jws = ALICE.shared(scene.raw)
    assert scene.sign(ALICE, jws, assertion=ALICE.confirm(jws)).status == "pending"


# --- the order of one's decisions ----------------------------------------------------------------


@pytest.mark.parametrize("earlier", [0, 1])
def test_each_decision_of_a_person_is_signed_later_than_the_one_before(earlier: int) -> None:
    scene = Scene()
    scene.reject(BOB)
    with refused(RefusedError, "out_of_order"):
        scene.sign(BOB, BOB.shared(scene.raw, iat=NOW_MS // 1000 - earlier))
    assert scene.sign(BOB, BOB.shared(scene.raw, iat=NOW_MS // 1000 + 1)).status == "pending"


def test_the_individual_form_has_the_time_of_its_timestamp() -> None:
    scene = Scene()
    scene.reject(BOB)
    with refused(RefusedError, "out_of_order"):
        scene.sign(BOB, BOB.individual(scene.raw))
    assert scene.sign(BOB, BOB.individual(scene.raw, timestamp=NOW_MS + 1000)).iat == (
        NOW_MS // 1000 + 1
    )


def test_a_rejection_and_a_withdrawal_keep_the_order_too() -> None:
    scene = Scene(TWO_OF_TWO)
    scene.sign(ALICE)
    with refused(RefusedError, "out_of_order"):
        scene.withdraw(ALICE, scene.withdrawal(ALICE, iat=NOW_MS // 1000))
    scene.known[ALICE.user] = alice = compromised(ALICE)
    act = ALICE.act(
        "reject",
        key=NEW,
        statementId=str(scene.stream),
        sha256=scene.sha256,
        reason="Not by me.",
        iat=NOW_MS // 1000,
    )
    with refused(RefusedError, "out_of_order"):
        scene.reject(ALICE, act, person=alice)


def test_the_order_is_each_persons_own() -> None:
    scene = Scene()
    scene.sign(BOB, BOB.shared(scene.raw, iat=NOW_MS // 1000 + 5))
    assert scene.sign(ALICE).status == "approved"
