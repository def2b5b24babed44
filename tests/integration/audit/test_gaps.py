"""The auditor over some streams of a log: which gaps it accepts, and which it refuses."""

import pytest

from ledger.verify.auditor import AuditError, Auditor
from tests.support.every_event import every_type

STATES = every_type().states
POSITIONS = range(1, 33)
# The first statement, and everybody.
CHOSEN = [n for n in POSITIONS if n not in (23, 24, 25, 26, 27)]


def test_some_whole_streams_of_a_log_are_accepted_with_gaps() -> None:
    auditor = Auditor(complete=False)
    for position in CHOSEN:
        auditor.add(position, STATES[position - 1])
    auditor.finish()
    assert (auditor.position, len(auditor.statements)) == (32, 1)


def test_a_whole_log_has_no_gaps() -> None:
    auditor = Auditor()
    for position in range(1, 23):
        auditor.add(position, STATES[position - 1])
    with pytest.raises(AuditError, match="position_gap"):
        auditor.add(28, STATES[27])


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
    auditor.add(1, STATES[0])
    for position in (2, 3, 4, 5):
        auditor.add(position, STATES[position - 1])
    # It names size 32, and stands at 31 here.
    with pytest.raises(AuditError, match="log_keys_misplaced"):
        auditor.add(31, STATES[31])
    auditor.add(32, STATES[31])


def test_what_a_decision_needs_and_is_left_out_refuses_it() -> None:
    auditor = Auditor(complete=False)
    bob = {6, 7, 8, 18, 29}
    for position in range(1, 20):
        if position not in bob:
            auditor.add(position, STATES[position - 1])
    with pytest.raises(AuditError, match="log_invalid"):
        auditor.add(20, STATES[19])
