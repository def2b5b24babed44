"""What is appended to the log, and what any engine promises about it.

The contract, on any engine:
- `log_head` is lock and counter in one row, so positions are dense, gapless and in commit order.
- A batch is one transaction: acknowledged means durable. Each write of a batch succeeds or fails
  alone; a write is all of its events or none.
- A write says which streams it was decided on, at which version, which names it takes for ever
  and how many people it counted; if any of that moved, it is stale and has to be decided again.
- A write whose key is already there is answered as it was the first time and appends nothing.
- Events, keys, names, checkpoints and what others sign of them are never updated or deleted;
  triggers refuse it, the tree would show it. Tiles are a cache of the leaf hashes.
- After the event that froze the log nothing is appended, by any process.

Crash points: before COMMIT returns nothing of the batch is there; after, all of it. A caller who
never heard the answer sends the same write again and finds its key.
"""

from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent

from ledger.errors import LedgerError


class Write(msgspec.Struct, frozen=True):
    """Events to append together, and what they were decided on.

    `key` is 32 bytes that name the request; `answer` is what a repetition is told. `claims` are
    (name, stream) pairs, `reads` are (stream, version) pairs beside the written streams, `counts`
    are (prefix of claimed names, number of them) pairs.
    """

    key: bytes
    events: tuple[StoredEvent, ...]
    answer: bytes = b""
    claims: tuple[tuple[str, UUID], ...] = ()
    reads: tuple[tuple[UUID, int], ...] = ()
    counts: tuple[tuple[str, int], ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """Where a write stands in the log: the position of its last event, and its answer."""

    position: int
    answer: bytes
    count: int
    repeated: bool = False


CommitOutcome = Receipt | LedgerError
