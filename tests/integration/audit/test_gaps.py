"""The auditor over some streams of a log: which gaps it accepts, and which it refuses."""

import pytest

from ledger.domain.events import StatementSigned
from ledger.verify.auditor import AuditError, Auditor
from tests.support.every_event import every_type

STORY = every_type()
STATES = STORY.states
POSITIONS = range(1, 54)
BOB = (8, 9, 10, 25, 26, 36, 47)
# The drafts and approvals of the last two changes.
CHANGES = (20, 21, 34, 35)
# The first statement, the changes, and everybody.
CHOSEN = [n for n in POSITIONS if n not in (41, 42, 43, 44, 45)]


def test_some_whole_streams_of_a_log_are_accepted_with_gaps() -> None:
    auditor = Auditor(complete=False)
    for position in CHOSEN:
        auditor.add(position, STATES[position - 1])
    auditor.finish()
    assert (auditor.position, len(auditor.statements)) == (53, 4)


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
    for position in range(1, 37):
        auditor.add(position, STATES[position - 1])
    # It names size 50, and stands at 49 here.
    with pytest.raises(AuditError, match="log_keys_misplaced"):
        auditor.add(49, STATES[49])
    auditor.add(50, STATES[49])


def test_what_a_decision_needs_and_is_left_out_refuses_it() -> None:
    auditor = Auditor(complete=False)
    for position in range(1, 38):
        if position not in (*BOB, *CHANGES):
            auditor.add(position, STATES[position - 1])
    approval = STORY.events[37].body
    assert isinstance(approval, StatementSigned)
    with pytest.raises(AuditError, match=f"log_invalid: .*{approval.kid}"):
        auditor.add(38, STATES[37])
