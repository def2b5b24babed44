"""The auditor at the end of a log that stops too early."""

import pytest

from ledger.domain import entry
from ledger.verify.auditor import AuditError, Auditor
from tests.golden.make import told

# Position 1 is the founding; 2, 3 and 4 are the first registration.
STATES = told().states


@pytest.mark.parametrize("last", [2, 3])
def test_a_log_that_ends_inside_a_registration_is_invalid_at_its_last_position(last: int) -> None:
    auditor = Auditor()
    for position, state in enumerate(STATES[:last], start=1):
        auditor.add(position, state, entry.leaf_hash(state))
    with pytest.raises(AuditError) as refused:
        auditor.finish()
    assert (refused.value.code, refused.value.evidence) == ("log_invalid", {"position": last})
