"""Use an approved statement, and report the outcome."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ledger import clock
from ledger.domain.events import StatementUsed
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    RefusedError,
)
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, DAVE, ERIN, Scene, user
from tests.support.signers import NOW_MS

POLICY = {"threshold": 1, "of": [user(ALICE)]}
ENDS = clock.to_text(NOW_MS + 60_000)


def usable(*by: str, times: int = 1, until: str | None = None) -> dict[str, Any]:
    """Return the member `usable` of a document; Bob uses it unless others are named."""
    end = {} if until is None else {"until": until}
    return {"by": list(by or [user(BOB)]), "times": times} | end


def approved(**members: Any) -> Scene:
    """Return a statement that Alice approved and Bob may use once."""
    scene = Scene(POLICY, **({"usable": usable()} | members))
    scene.sign(ALICE)
    return scene


def used(**members: Any) -> Scene:
    scene = approved(**members)
    scene.use(BOB)
    return scene


# --- a use ---------------------------------------------------------------------------------------


def test_a_use_takes_the_first_number_and_says_what_it_saw() -> None:
    scene = approved(usable=usable(times=2))
    act = scene.usage(BOB, "0" * 22, reference="order 17")
    assert scene.use(BOB, act) == StatementUsed(
        signer=BOB.user,
        kid=BOB.key.kid,
        number=1,
        generation=1,
        nonce="0" * 22,
        act=act,
        reference="order 17",
        seen={BOB.user: BOB.person.version},
    )
    assert scene.use(BOB, nonce="1" * 22).number == 2


def test_a_statement_is_used_as_often_as_it_says_and_no_more() -> None:
    scene = approved(usable=usable(times=2))
    scene.use(BOB, nonce="0" * 22)
    scene.use(BOB, nonce="1" * 22)
    with refused(ConflictError, "used_up"):
        scene.use(BOB, nonce="2" * 22)


def test_the_same_nonce_of_the_same_person_is_no_second_use() -> None:
    scene = approved(usable=usable(user(BOB), user(CAROL), times=3))
    scene.use(BOB)
    with refused(ConflictError, "use_known"):
        scene.use(BOB)
    assert scene.use(CAROL).number == 2


def test_a_use_of_another_document_takes_nothing() -> None:
    scene = approved()
    with refused(RefusedError, "act_mismatch"):
        scene.use(BOB, scene.usage(BOB, sha256="0" * 64))
    assert scene.use(BOB).number == 1


def test_a_role_uses_what_names_it() -> None:
    assert approved(usable=usable("role:investor")).use(CAROL).signer == CAROL.user


def test_nobody_else_uses_a_statement() -> None:
    with refused(ForbiddenError, "use_not_allowed"):
        approved().use(CAROL)


def test_an_auditor_uses_nothing() -> None:
    with refused(ForbiddenError, "use_not_allowed"):
        approved(usable=usable(user(ERIN))).use(ERIN)


def test_a_statement_without_executors_is_used_by_nobody() -> None:
    scene = Scene(POLICY)
    scene.sign(ALICE)
    with refused(ConflictError, "not_usable"):
        scene.use(BOB)


def test_a_statement_is_used_until_its_end() -> None:
    scene = approved(usable=usable(until=ENDS))
    with refused(ConflictError, "use_expired"):
        scene.use(BOB, now_ms=NOW_MS + 60_000)
    assert scene.use(BOB, now_ms=NOW_MS + 59_999).number == 1


def _rejected() -> Scene:
    scene = Scene(POLICY, usable=usable())
    scene.reject(ALICE)
    return scene


def _withdrawn() -> Scene:
    scene = Scene(POLICY, usable=usable())
    scene.withdraw(ALICE)
    return scene


def _superseded() -> Scene:
    scene = approved()
    Scene(POLICY, earlier=scene).sign(ALICE)
    return scene


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Scene(POLICY, usable=usable()), "statement_pending"),
        (_rejected, "statement_rejected"),
        (_withdrawn, "statement_withdrawn"),
        (_superseded, "statement_superseded"),
    ],
)
def test_only_an_approved_statement_is_used(make: Callable[[], Scene], code: str) -> None:
    with refused(ConflictError, code):
        make().use(BOB)


def test_an_expired_statement_is_used_by_nobody() -> None:
    scene = Scene(POLICY | {"expiresAt": ENDS}, usable=usable())
    with refused(ConflictError, "statement_expired"):
        scene.use(BOB, now_ms=NOW_MS + 60_000)


def test_a_statement_that_needs_an_approval_in_question_is_used_by_nobody() -> None:
    scene = approved()
    keys = {
        kid: msgspec.structs.replace(key, revoked=True, compromised_since=key.added_at)
        for kid, key in ALICE.person.keys.items()
    }
    scene.known[ALICE.user] = msgspec.structs.replace(ALICE.person, keys=keys)
    with refused(ConflictError, "statement_in_question"):
        scene.use(BOB)


def test_a_use_has_seen_everybody_who_approved() -> None:
    scene = approved()
    later = msgspec.structs.replace(ALICE.person, version=ALICE.person.version + 1)
    scene.known[ALICE.user] = later
    assert scene.use(BOB).seen == {ALICE.user: later.version, BOB.user: BOB.person.version}


@pytest.mark.parametrize("nonce", ["", "n" * 21, "n" * 87, "n" * 21 + "=", "é" * 22])
def test_a_nonce_is_16_to_64_bytes_in_base64url(nonce: str) -> None:
    with refused(MalformedError, "nonce_invalid"):
        approved().use(BOB, nonce=nonce)


@pytest.mark.parametrize("reference", ["", "  ", "r" * 201])
def test_a_reference_has_1_to_200_characters(reference: str) -> None:
    scene = approved()
    with refused(MalformedError, "reference_invalid"):
        scene.use(BOB, scene.usage(BOB, reference=reference))


def test_a_reference_has_no_invisible_character() -> None:
    scene = approved()
    with refused(MalformedError, "text_refused"):
        scene.use(BOB, scene.usage(BOB, reference="order\u202e 17"))


def test_who_may_not_read_a_statement_does_not_learn_that_it_can_be_used() -> None:
    scene = approved(readers=[user(DAVE)])
    with refused(NotFoundError, "statement_unknown"):
        scene.use(CAROL)


def test_who_uses_a_statement_reads_it() -> None:
    scene = Scene(POLICY, readers=[user(DAVE)], usable=usable())
    assert user(BOB) in scene.statement.audience.members
