"""The homes of new keys and the wait of recoveries that a charter sets, and what refuses others."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ledger import clock
from ledger.domain import signing_keys
from ledger.domain.charter_values import CharterValues
from ledger.domain.vocabulary import KeyHome
from tests.support.changes import set_charter, values
from tests.support.chronicle import statement_id
from tests.support.keys import ed25519_key
from tests.support.signers import LEDGER, NONCE, PARTY
from tests.vectors.changes.company import Company

DAY_MS = 86_400_000
WHOLE = values("open", homes=("device", "synced"), recovery_wait=7 * DAY_MS)
Tries = dict[str, tuple[Callable[[Company], None], str | None]]


def set_values(told: Company, *new: CharterValues) -> None:
    """Record a change for each of these values, one after the other."""
    for number, (old, each) in enumerate(zip([values("open"), *new], new, strict=False), start=3):
        told.change(told.ada, number, set_charter(each, old))


def attested(home: KeyHome, told: Company) -> None:
    """Append a key of Ivy's with this home as the last event; her charter would allow it."""
    ends = {"expires_at": clock.to_text(told.time.ms + DAY_MS // 4)} if home == "session" else {}
    submission = told.ivy.submission(ed25519_key(44), home=home, **ends)
    body = signing_keys.attest_key(
        told.state_of(told.ivy),
        submission,
        nonce=NONCE,
        party=PARTY,
        ledger=LEDGER,
        now_ms=told.time.ms,
    )
    told.add(told.ivy.user, body)


def under(homes: tuple[KeyHome, ...], home: KeyHome, told: Company) -> None:
    set_values(told, values("open", homes=homes))
    attested(home, told)


def allowed_again(told: Company) -> None:
    set_values(told, values("open", homes=("synced",)), values("open"))
    attested("device", told)


def approved_by_an_earlier_key(told: Company) -> None:
    """Approve with a key of a home that the charter allows no longer."""
    raw = told.draft(told.cal, 9, policy={"threshold": 1, "of": ["role:investor"]})
    set_values(told, values("open", homes=("synced",)))
    told.add(statement_id(9), told.approval_of_plain(told.ivy, raw))


def proposed(told: Company, new: CharterValues, old: CharterValues, **stated: Any) -> None:
    """Append the draft of a change of the charter; `stated` replaces members as JSON."""
    item = set_charter(new, old)
    item["set-charter"]["values"] |= stated
    told.draft_unseen(told.ada, item)


def _ill(**stated: Any) -> Callable[[Company], None]:
    return lambda told: proposed(told, values("invite"), values("open"), **stated)


def set_again(told: Company) -> None:
    set_values(told, WHOLE)
    proposed(told, WHOLE, WHOLE)


def set_over_others(told: Company) -> None:
    set_values(told, WHOLE)
    proposed(told, values("invite"), values("open"))


KEEPING: Tries = {
    "a key with a home that the charter names": (
        partial(under, ("device", "session"), "session"),
        None,
    ),
    "a key with a home that the charter leaves out": (
        partial(under, ("session", "synced"), "device"),
        "home_not_allowed",
    ),
    "a program's key where browsers alone keep keys": (
        partial(under, ("device", "session", "synced"), "program"),
        "home_not_allowed",
    ),
    "a key with a home that is allowed again": (allowed_again, None),
    "an approval by a key from before the charter left its home out": (
        approved_by_an_earlier_key,
        None,
    ),
    "values with homes and a wait": (lambda told: set_values(told, WHOLE), None),
    "the same homes and wait again": (set_again, "change_no_effect"),
    "values instead of others that had homes and a wait": (set_over_others, "change_outdated"),
    "homes that are none": (_ill(homes=[]), "change_invalid"),
    "homes out of order": (_ill(homes=["synced", "device"]), "change_invalid"),
    "a home twice": (_ill(homes=["device", "device"]), "change_invalid"),
    "a home that nothing is": (_ill(homes=["cloud"]), "change_invalid"),
    "homes of programs alone": (_ill(homes=["program"]), "change_invalid"),
    "homes that are null": (_ill(homes=None), "change_invalid"),
    "homes that are a text": (_ill(homes="device"), "change_invalid"),
    "a recovery that waits for 24 hours": (
        lambda told: set_values(told, values("open", recovery_wait=DAY_MS)),
        None,
    ),
    "a recovery that waits for less than 24 hours": (
        _ill(recoveryWait=DAY_MS - 1),
        "change_invalid",
    ),
    "a recovery that waits for 30 days": (
        lambda told: set_values(told, values("open", recovery_wait=30 * DAY_MS)),
        None,
    ),
    "a recovery that waits for more than 30 days": (
        _ill(recoveryWait=30 * DAY_MS + 1),
        "change_invalid",
    ),
    "a recovery that waits for nothing": (_ill(recoveryWait=0), "change_invalid"),
    "a recovery that waits for half a millisecond more": (
        _ill(recoveryWait=DAY_MS + 0.5),
        "change_invalid",
    ),
    "a recovery that waits for a day and a half hour": (
        _ill(recoveryWait=DAY_MS + DAY_MS // 48),
        "change_invalid",
    ),
    "a wait that is null": (_ill(recoveryWait=None), "change_invalid"),
}
