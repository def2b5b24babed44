"""A recovery is cancelled in time, and its passkey ends no older passkey for a week."""

import msgspec
import pytest

from ledger import clock
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.holdings import Passkey
from ledger.domain.recoveries import cancel
from ledger.domain.recovery_codes import require_may_end
from ledger.errors import ConflictError
from tests.support.refusals import refused
from tests.support.scene import ALICE
from tests.support.signers import CHARTER, NOW_MS

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


def test_no_passkey_that_it_confirmed_ends_an_older_one_sooner() -> None:
    # Each confirmed by the one before, and the key that signs beside it.
    others = {
        name: msgspec.structs.replace(
            NEW,
            credential_id=name,
            added_at=clock.to_text(NOW_MS + number),
            added_by=frozenset({"kid:a key", f"passkey:{by}"}),
            active_from=None,
            code=None,
        )
        for number, (name, by) in enumerate([("second", "new"), ("third", "second")], start=1)
    }
    owner = msgspec.structs.replace(OWNER, passkeys=OWNER.passkeys | others)
    for by in others:
        with refused(ConflictError, "passkey_too_new"):
            require_may_end(owner, by, [OLD], now_ms=NOW_MS + 7 * DAY_MS - 1)
        require_may_end(owner, by, [OLD], now_ms=NOW_MS + 7 * DAY_MS)
        require_may_end(owner, by, [NEW], now_ms=NOW_MS + DAY_MS)


@pytest.mark.parametrize(
    ("by", "ending", "days"),
    [("new", OLD, 7), ("new", NEW, 1), (OLD.credential_id, NEW, 1)],
    ids=["an older one later", "itself", "by an older one"],
)
def test_other_passkeys_are_ended_at_any_time(by: str, ending: Passkey, days: int) -> None:
    require_may_end(OWNER, by, [ending], now_ms=NOW_MS + days * DAY_MS)


def test_a_recovery_is_cancelled_before_its_passkey_works_and_not_later() -> None:
    soon_ms = NOW_MS + 1_000
    waiting = msgspec.structs.replace(NEW, active_from=clock.to_text(soon_ms))
    owner = msgspec.structs.replace(OWNER, passkeys=OWNER.passkeys | {"new": waiting})
    asked = ALICE.confirmed(ALICE.act("cancel-recovery", recovery="passkey:new", user=ALICE.user))
    body = cancel(owner, owner, asked, CHARTER)
    assert until_ms((body,), Basis(actor=owner, owner=owner)) == soon_ms
    with refused(ConflictError, "recovery_ended"):
        cancel(owner, owner, asked._replace(now_ms=soon_ms), CHARTER)
