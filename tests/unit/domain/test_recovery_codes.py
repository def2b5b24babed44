"""A passkey that a recovery code added ends no older passkey for a week."""

import msgspec
import pytest

from ledger import clock
from ledger.domain.person import Passkey
from ledger.domain.recovery_codes import require_may_end
from ledger.errors import ConflictError
from tests.support.refusals import refused
from tests.support.scene import ALICE
from tests.support.signers import NOW_MS

DAY_MS = 86_400_000
OLD = ALICE.person.passkeys[ALICE.passkey.id]
NEW = Passkey(
    "new",
    OLD.public_key,
    clock.to_text(NOW_MS - DAY_MS),
    active_from=clock.to_text(NOW_MS),
    code="a code",
)
OWNER = msgspec.structs.replace(ALICE.person, passkeys={OLD.credential_id: OLD, "new": NEW})


def test_an_older_passkey_is_not_ended_within_seven_days() -> None:
    with refused(ConflictError, "passkey_too_new"):
        require_may_end(OWNER, "new", [OLD], now_ms=NOW_MS + 7 * DAY_MS - 1)


@pytest.mark.parametrize(
    ("by", "ending", "days"),
    [("new", OLD, 7), ("new", NEW, 1), (OLD.credential_id, NEW, 1)],
    ids=["an older one later", "itself", "by an older one"],
)
def test_other_passkeys_are_ended_at_any_time(by: str, ending: Passkey, days: int) -> None:
    require_may_end(OWNER, by, [ending], now_ms=NOW_MS + days * DAY_MS)
