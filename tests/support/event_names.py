"""Names for the events of a chronicle, which stay when events are added elsewhere.

A name says whose stream it is and the tag without its version: `bob key-attested`. From the second
event of its tag in the stream on, it says which: `statement-1 statement-signed 2`.
"""

from collections import Counter
from uuid import UUID

from ledger.domain import charter
from tests.support.chronicle import statement_id
from tests.support.ledger_chronicle import LedgerChronicle

PEOPLE = "alice", "bob", "carol", "dave", "erin"
# Changes are numbered from 101 on.
STREAMS = {
    charter.STREAM: "ledger",
    **{UUID(int=number): name for number, name in enumerate(PEOPLE, start=1)},
    **{UUID(statement_id(number)): f"statement-{number}" for number in range(1, 101)},
    **{UUID(statement_id(number)): f"change-{number}" for number in range(101, 201)},
}


def positions(told: LedgerChronicle) -> dict[str, int]:
    """Return the position of each event by its name, in the order of the log."""
    found: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for position, event in enumerate(told.events, start=1):
        name = f"{STREAMS[event.stream]} {event.body.TAG.rpartition('.')[0]}"
        counts[name] += 1
        found[name if counts[name] == 1 else f"{name} {counts[name]}"] = position
    return found
