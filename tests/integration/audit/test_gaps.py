"""The auditor over some streams of a log: which gaps it accepts, and which it refuses."""

from uuid import UUID

import pytest

from ledger.domain.events import StatementSigned
from ledger.verify.auditor import AuditError, Auditor
from tests.support.chronicle import statement_id
from tests.support.event_names import positions
from tests.support.every_event import every_type

STORY = every_type()
STATES = STORY.states
AT = positions(STORY)
RESTORED = AT["ledger ledger-restored"]
APPROVAL = AT["statement-1 statement-signed"]
KEYS_ANNOUNCED = AT["ledger log-keys-announced"]


def without(end: int, *streams: str) -> list[int]:
    """Return the positions up to `end` of all streams but these."""
    left_out = {*map(UUID, streams)}
    return [n for n in range(1, end + 1) if STORY.events[n - 1].stream not in left_out]


def test_some_whole_streams_of_a_log_are_accepted_with_gaps() -> None:
    auditor = Auditor(complete=False)
    for position in without(RESTORED, statement_id(2), statement_id(3)):
        auditor.add(position, STATES[position - 1])
    auditor.finish()
    assert (auditor.position, len(auditor.statements)) == (RESTORED, 5)


def test_a_whole_log_has_no_gaps() -> None:
    auditor = Auditor()
    for position in range(1, 41):
        auditor.add(position, STATES[position - 1])
    with pytest.raises(AuditError, match="position_gap"):
        auditor.add(46, STATES[45])


def test_streams_are_read_in_the_order_of_the_log() -> None:
    auditor = Auditor(complete=False)
    auditor.add(1, STATES[0])
    for position in (1, 0):
        with pytest.raises(AuditError, match="position_gap"):
            auditor.add(position, STATES[1])


def test_a_registration_has_no_gap_in_any_choice_of_streams() -> None:
    auditor = Auditor(complete=False)
    auditor.add(1, STATES[0])
    auditor.add(7, STATES[1])
    with pytest.raises(AuditError, match="position_gap"):
        auditor.add(9, STATES[2])
    auditor.add(8, STATES[2])


def test_keys_are_not_announced_for_a_later_size_than_their_own_place() -> None:
    auditor = Auditor(complete=False)
    # The changes, and everybody who is there until then.
    for position in range(1, AT["statement-1 statement-drafted"]):
        auditor.add(position, STATES[position - 1])
    # It names the size at its own place, and stands one before it here.
    announced = STATES[KEYS_ANNOUNCED - 1]
    with pytest.raises(AuditError, match="log_keys_misplaced"):
        auditor.add(KEYS_ANNOUNCED - 1, announced)
    auditor.add(KEYS_ANNOUNCED, announced)


def test_what_a_decision_needs_and_is_left_out_refuses_it() -> None:
    auditor = Auditor(complete=False)
    bob, changes = str(UUID(int=2)), (statement_id(102), statement_id(103))
    for position in without(APPROVAL - 1, bob, *changes):
        auditor.add(position, STATES[position - 1])
    approval = STORY.events[APPROVAL - 1].body
    assert isinstance(approval, StatementSigned)
    with pytest.raises(AuditError, match=f"log_invalid: .*{approval.kid}"):
        auditor.add(APPROVAL, STATES[APPROVAL - 1])
