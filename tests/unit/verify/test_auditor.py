"""The auditor alone: where a log may end, what may come twice, and what it says of a mismatch."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from ledger.domain import entry
from ledger.domain.events import Body, Event
from ledger.domain.statement import Statement
from ledger.errors import CorruptError
from ledger.verify.auditor import AuditError, Auditor
from tests.golden.make import told
from tests.support.forgery import refusal, resealed
from tests.support.links import link_jwk

# Position 1 is the founding; 2, 3 and 4 are the first registration.
EVENTS, STATES = told().events, told().states


@pytest.mark.parametrize("last", [2, 3])
def test_a_log_that_ends_inside_a_registration_is_invalid_at_its_last_position(last: int) -> None:
    auditor = Auditor()
    for position, state in enumerate(STATES[:last], start=1):
        auditor.add(position, state, entry.leaf_hash(state))
    with pytest.raises(AuditError) as refused:
        auditor.finish()
    assert (refused.value.code, refused.value.evidence) == ("log_invalid", {"position": last})


def test_a_registration_goes_on_with_its_passkey_and_then_its_key() -> None:
    key_first = resealed(STATES[3], version=2)
    assert refusal([*STATES[:2], key_first]) == (3, "registration_torn")


def test_a_person_registers_once_also_inside_the_registration() -> None:
    later = resealed(STATES[1], version=2)
    assert refusal_of_folding([*STATES[:2], STATES[1]]) == (3, "registration_torn")
    assert refusal_of_folding([*STATES[:2], later]) == (3, "registration_torn")


def test_another_persons_registration_does_not_interrupt_one() -> None:
    other = UUID(int=7)
    body = {"user": str(other), "invitation": None, "role": "investor"}
    intruder = resealed(STATES[1], body=body, stream=other)
    assert refusal_of_folding([*STATES[:2], intruder]) == (3, "registration_torn")


# --- folding without deciding ----------------------------------------------------------------


def refusal_of_folding(states: Sequence[bytes]) -> tuple[int, str] | None:
    """Return the position and code at which folding refuses; no decision is recomputed."""
    auditor = Auditor()
    try:
        for position, state in enumerate(states, start=1):
            auditor.add(position, state, decide=False)
    except AuditError as error:
        return auditor.position + 1, getattr(error.__cause__, "code", "")
    return None


def test_a_log_is_folded_without_recomputing_its_decisions() -> None:
    changed = resealed(STATES[0], body={"origin": "https://other.example"})
    assert refusal_of_folding([changed, *STATES[1:]]) is None
    assert refusal(STATES) is None
    assert refusal([changed, *STATES[1:]]) == (1, "act_mismatch")


def test_a_ledger_is_founded_once() -> None:
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    body = {
        "key": key,
        "setup": link_jwk("another"),
        "heads": link_jwk("third"),
        "act": "another.act.signature",
    }
    other = resealed(STATES[0], body=body)
    assert refusal_of_folding([STATES[0], other]) == (2, "event_misplaced")


def test_a_name_is_claimed_once() -> None:
    invited = resealed(STATES[7], version=3, body={"key": link_jwk("another")})
    assert refusal_of_folding([*STATES[:8], invited]) == (9, "claimed_twice")


def test_a_public_key_is_used_once() -> None:
    attested = resealed(STATES[3], version=5)
    assert refusal_of_folding([*STATES[:5], attested]) == (6, "key_shared")


@pytest.mark.parametrize("version", [2, 4])
def test_the_versions_of_a_stream_have_no_gap_and_no_repetition(version: int) -> None:
    wrong = resealed(STATES[42], version=version)
    assert refusal_of_folding([*STATES[:42], wrong]) == (43, "version_gap")


def test_a_stream_begins_at_version_1_with_an_event_of_its_own_kind() -> None:
    late = resealed(STATES[40], version=2)
    assert refusal_of_folding([*STATES[:40], late]) == (41, "event_misplaced")
    signed = resealed(STATES[41], version=1, stream=UUID(int=9))
    assert refusal_of_folding([*STATES[:41], signed]) == (42, "event_misplaced")
    again = resealed(STATES[40], version=1)
    assert refusal_of_folding([*STATES[:41], again]) == (42, "event_misplaced")


class Noting(Auditor):
    """Notes what it learns of statements."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[tuple[str | None, str]] = []

    def _moved(self, before: Statement | None, after: Statement) -> None:
        self.moves.append((None if before is None else before.status, after.status))


def test_an_auditor_of_some_streams_learns_each_statement_before_and_after_its_event() -> None:
    auditor = Noting()
    for position, state in enumerate(STATES[:49], start=1):
        auditor.add(position, state)
    a_change = [(None, "pending"), ("pending", "approved")]
    assert auditor.moves == [
        *(a_change * 3),
        (None, "pending"),
        ("pending", "pending"),
        ("pending", "approved"),
        ("approved", "approved"),
        (None, "pending"),
        ("pending", "rejected"),
        (None, "pending"),
        ("pending", "pending"),
        ("pending", "withdrawn"),
    ]


# --- what a mismatch says ------------------------------------------------------------------------


def mismatch(auditor: Auditor, position: int, state: bytes) -> str:
    """Return what the auditor says of an event that its evidence does not lead to."""
    for before, each in enumerate(STATES[: position - 1], start=1):
        auditor.add(before, each, decide=False)
    with pytest.raises(AuditError) as refused:
        auditor.add(position, state)
    cause = refused.value.__cause__
    assert isinstance(cause, CorruptError)
    assert cause.code == "decision_mismatch"
    assert refused.value.detail == str(cause)
    return cause.detail


def test_a_mismatch_names_each_member_that_differs_with_both_values() -> None:
    wrong = resealed(STATES[41], body={"status": "approved", "form": "individual"})
    assert mismatch(Auditor(), 42, wrong) == (
        "the evidence leads to another event: "
        "form is 'individual', not 'shared'; status is 'approved', not 'pending'"
    )


def test_a_mismatch_says_at_most_500_characters() -> None:
    wrong = resealed(STATES[45], body={"reason": "x" * 2_000})
    said = mismatch(Auditor(), 46, wrong)
    assert said == f"the evidence leads to another event: reason is '{'x' * 452}"
    assert len(said) == 500


class Elsewhere(Auditor):
    """Decides that every event is the founding."""

    def decide(self, event: Event) -> Body:
        return EVENTS[0].body


def test_a_mismatch_names_the_event_that_the_evidence_leads_to() -> None:
    assert mismatch(Elsewhere(), 5, STATES[4]) == "the evidence leads to ledger-created.v1"


def test_what_is_no_event_at_all_is_refused_with_its_reason() -> None:
    with pytest.raises(AuditError) as refused:
        Auditor().add(1, b"")
    assert refused.value.code == "log_invalid"
    assert refused.value.evidence == {"position": 1}
    assert refused.value.detail.startswith("state_truncated: ")


def test_a_foreign_exception_is_a_refusal_that_shows_it() -> None:
    with pytest.raises(AuditError) as refused:
        Raising().add(1, STATES[0])
    assert refused.value.detail == "KeyError('somebody')"


class Raising(Auditor):
    """Needs a state that is not there."""

    def decide(self, event: Event) -> Body:
        raise KeyError("somebody")
