"""The parts of one running ledger, and the names under which routes request them."""

from typing import NamedTuple

from litestar.di import Provide

from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.people import PeopleCommands
from ledger.commands.statements import StatementCommands
from ledger.http.access_record import AccessRecord
from ledger.http.context import Site
from ledger.http.exports import Exports
from ledger.http.metrics import Metrics
from ledger.http.organisation_gate import Organisation
from ledger.http.probes import Serving
from ledger.http.quotas import Quotas
from ledger.http.read_models import ReadModels
from ledger.http.security_record import SecurityRecord
from ledger.http.sessions import Sessions
from ledger.http.storage_watch import StorageWatch
from ledger.messages.messenger import Messenger
from ledger.publish.public_log import PublicLog
from ledger.store.async_log import AsyncLog


class Ledger(NamedTuple):
    """The parts of one running ledger."""

    site: Site
    statements: StatementCommands
    people: PeopleCommands
    models: ReadModels
    public: PublicLog
    sessions: Sessions
    access: AccessRecord
    clock: LedgerClock
    commits: AsyncLog
    record: SecurityRecord
    metrics: Metrics
    exports: Exports
    watch: StorageWatch
    quotas: Quotas
    messenger: Messenger
    organisation: Organisation | None


def dependencies(ledger: Ledger, serving: Serving) -> dict[str, Provide]:
    """Return the parts by the names under which routes request them."""
    return {
        "site": Provide(lambda: ledger.site, sync_to_thread=False),
        "commands": Provide(lambda: ledger.statements, sync_to_thread=False),
        "people": Provide(lambda: ledger.people, sync_to_thread=False),
        "models": Provide(ledger.models.current),
        "public": Provide(lambda: ledger.public, sync_to_thread=False),
        "access": Provide(lambda: ledger.access, sync_to_thread=False),
        "sessions": Provide(lambda: ledger.sessions, sync_to_thread=False),
        "exports": Provide(lambda: ledger.exports, sync_to_thread=False),
        "quotas": Provide(lambda: ledger.quotas, sync_to_thread=False),
        "record": Provide(lambda: ledger.record, sync_to_thread=False),
        "metrics": Provide(lambda: ledger.metrics, sync_to_thread=False),
        "messenger": Provide(lambda: ledger.messenger, sync_to_thread=False),
        "organisation": Provide(lambda: ledger.organisation, sync_to_thread=False),
        "serving": Provide(lambda: serving, sync_to_thread=False),
    }
