"""Bundles of logs whose last event breaks, or just keeps, a rule of a change or of an account."""

from collections.abc import Callable
from typing import TypeVar

from ledger.domain import events
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of
from tests.vectors.changes.company import Company
from tests.vectors.changes.keeping import KEEPING
from tests.vectors.recovery_codes.lost import Lost
from tests.vectors.recovery_codes.waits import WAITS
from tests.vectors.service_accounts.signing import SIGNING
from tests.vectors.service_accounts.tries import Automated
from tests.vectors.types.freshness import FRESHNESS

Told = TypeVar("Told", bound=Company)
SALT = b"s" * 32


def _bundle(told: Told, tries: Callable[[Told], None], shown: int) -> bytes:
    told.announce(1)
    if shown != 9:
        told.draft(told.cal, shown)
    tries(told)
    last = events.encode(told.events[-1], salt=SALT)
    return bundle_of([*told.states, last], "full", statement_id(shown))


def of_a_home(name: str) -> bytes:
    """Return the bundle of a log in which a key is attested last."""
    return _bundle(Company(), KEEPING[name][0], 8)


def of_a_recovery(name: str) -> bytes:
    """Return the bundle of a log in which a recovery begins last."""
    return _bundle(Lost(), WAITS[name][0], 8)


def of_an_approval(name: str) -> bytes:
    """Return the bundle of a log in which a statement of a type is approved last."""
    return _bundle(Company(), FRESHNESS[name][0], 9)


def of_an_account(name: str, shown: int) -> bytes:
    """Return the bundle of a log in which a program signs last, with an account's key."""
    told = Automated()
    told.announce(1)
    SIGNING[name][0](told)
    last = events.encode(told.events[-1], salt=SALT)
    return bundle_of([*told.states, last], "full", statement_id(shown))
