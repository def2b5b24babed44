"""What is appended to the log, and the contract of every storage engine.

The contract:

- One row, `log_head`, is both lock and counter: positions are dense and in commit order.
- A batch is one transaction. An acknowledged write is durable. Each write of a batch succeeds or
  fails alone, with all of its events or none.
- A write states the stream versions its decision read, the names it claims for ever, and the
  numbers of people it counted. If any of them changed, it is stale: repeat the decision.
- A write whose key is already stored gets the first answer again and appends nothing.
- Events, keys, names, checkpoints and endorsements are never updated or deleted. Triggers refuse
  it, and the tree would show it. Tiles are a cache of the leaf hashes.
- After the event that froze the log, no process appends anything.

Crash points: until COMMIT returns, nothing of the batch is stored; after it, everything is. A
caller who missed the answer sends the same write again and gets its receipt.
"""

from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent

from ledger.errors import LedgerError


class Write(msgspec.Struct, frozen=True):
    """Events to append together, and what their decision depended on.

    `key` is 32 bytes that identify the request; `answer` is returned to a repeated request.
    `claims` are (name, stream) pairs. `reads` are (stream, version) pairs of streams read but not
    written. `counts` are (prefix of claimed names, number of them) pairs.
    """

    key: bytes
    events: tuple[StoredEvent, ...]
    answer: bytes = b""
    claims: tuple[tuple[str, UUID], ...] = ()
    reads: tuple[tuple[UUID, int], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """A write's place in the log: the position of its last event, and its answer."""

    position: int
    answer: bytes
    count: int
    repeated: bool = False


CommitOutcome = Receipt | LedgerError
