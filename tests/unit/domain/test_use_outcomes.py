"""Report the outcome of a use, and confirm that it was not done."""

import pytest

from ledger.domain.events import OutcomeReported
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, CAROL, ERIN, Scene, user
from tests.unit.domain.test_uses import POLICY, used


def not_done() -> Scene:
    scene = used()
    scene.report(BOB, "not-done")
    return scene


@pytest.mark.parametrize("outcome", ["done", "not-done", "unknown"])
def test_who_used_a_statement_reports_the_outcome(outcome: str) -> None:
    scene = used()
    act = scene.outcome(BOB, outcome, (1, 1), reason="The bank said so.")
    assert scene.report(BOB, act=act) == OutcomeReported(
        signer=BOB.user,
        kid=BOB.key.kid,
        number=1,
        generation=1,
        outcome=outcome,  # type: ignore[arg-type]  # one of the three words
        frees=False,
        act=act,
        reason="The bank said so.",
        seen={},
    )
    assert [each.outcome for each in scene.statement.uses] == [outcome]


@pytest.mark.parametrize("outcome", ["done", "not-done", "unknown"])
def test_a_report_alone_frees_nothing(outcome: str) -> None:
    scene = used()
    scene.report(BOB, outcome)
    with refused(ConflictError, "used_up"):
        scene.use(BOB, nonce="2" * 22)


@pytest.mark.parametrize("first", ["done", "not-done"])
def test_an_outcome_is_reported_once(first: str) -> None:
    scene = used()
    scene.report(BOB, first)
    with refused(ConflictError, "outcome_known"):
        scene.report(BOB, "done")


def test_an_unknown_outcome_can_become_known_once() -> None:
    scene = used()
    scene.report(BOB, "unknown")
    with refused(ConflictError, "outcome_known"):
        scene.report(BOB, "unknown")
    assert scene.report(BOB, "done").outcome == "done"


@pytest.mark.parametrize("place", [(1, 2), (2, 1), (0, 1)])
def test_only_a_use_has_an_outcome(place: tuple[int, int]) -> None:
    with refused(ConflictError, "use_unknown"):
        used().report(BOB, "done", place)


def test_another_participant_confirms_with_a_passkey_that_a_use_was_not_done() -> None:
    scene = not_done()
    body = scene.report(ALICE, "not-done", confirmed=True)
    assert (body.frees, body.assertion is not None) == (True, True)
    assert scene.use(BOB, nonce="2" * 22).generation == 2


def test_a_confirmation_needs_a_passkey() -> None:
    with refused(RefusedError, "assertion_required"):
        not_done().report(ALICE, "not-done")


def test_the_report_of_ones_own_use_takes_no_passkey() -> None:
    with refused(MalformedError, "assertion_unexpected"):
        used().report(BOB, "done", confirmed=True)


def test_nobody_confirms_their_own_report() -> None:
    with refused(ConflictError, "outcome_known"):
        not_done().report(BOB, "not-done", confirmed=True)


@pytest.mark.parametrize("reported", [None, "done", "unknown"])
def test_nothing_but_a_report_of_not_done_is_confirmed(reported: str | None) -> None:
    scene = used()
    if reported is not None:
        scene.report(BOB, reported)
    with refused(ConflictError, "outcome_missing"):
        scene.report(ALICE, "not-done", confirmed=True)


@pytest.mark.parametrize("outcome", ["done", "unknown"])
def test_another_participant_says_nothing_but_not_done(outcome: str) -> None:
    with refused(ForbiddenError, "outcome_not_allowed"):
        not_done().report(ALICE, outcome, confirmed=True)


def test_who_takes_no_part_confirms_nothing() -> None:
    with refused(ForbiddenError, "outcome_not_allowed"):
        not_done().report(CAROL, "not-done", confirmed=True)


def test_an_auditor_confirms_nothing() -> None:
    scene = used(readers=[user(ERIN)])
    scene.report(BOB, "not-done")
    with refused(ForbiddenError, "outcome_not_allowed"):
        scene.report(ERIN, "not-done", confirmed=True)


def test_the_number_of_a_use_is_freed_once() -> None:
    scene = not_done()
    scene.report(ALICE, "not-done", confirmed=True)
    with refused(ConflictError, "use_freed"):
        scene.report(ALICE, "not-done", confirmed=True)
    scene.use(BOB, nonce="2" * 22)
    scene.report(BOB, "not-done", (1, 2))
    with refused(ConflictError, "use_freed"):
        scene.report(ALICE, "not-done", (1, 2), confirmed=True)
    with refused(ConflictError, "used_up"):
        scene.use(BOB, nonce="3" * 22)


def test_an_outcome_can_be_reported_after_a_new_version_replaced_the_statement() -> None:
    scene = used()
    Scene(POLICY, earlier=scene).sign(ALICE)
    assert (scene.status, scene.report(BOB, "done").outcome) == ("superseded", "done")


@pytest.mark.parametrize(
    ("reason", "code"), [("r" * 2001, "reason_invalid"), ("no\u200b", "text_refused")]
)
def test_a_reason_of_an_outcome_is_short_and_plain(reason: str, code: str) -> None:
    scene = used()
    with refused(MalformedError, code):
        scene.report(BOB, act=scene.outcome(BOB, "done", (1, 1), reason=reason))
