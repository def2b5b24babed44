"""What a process writes to its log, and whether the audit accepts that at another time."""

import copy
from pathlib import Path

from ledger import clock
from ledger.domain import entry
from ledger.store.ports.log import AppendResult, Write
from ledger.verify.auditor import AuditError, Auditor
from tests.support.ledgers import Cast, Process


class NotingProcess(Process):
    """A process that notes each write before the log gets it."""

    def __init__(self, directory: Path, cast: Cast) -> None:
        super().__init__(directory, cast.time)
        self.writes: list[Write] = []
        append = self.commits.append

        async def note(write: Write) -> AppendResult:
            self.writes.append(write)
            return await append(write)

        self.commits.append = note  # type: ignore[method-assign]  # notes, and appends as it is


def agrees(auditor: Auditor, write: Write, at_ms: int) -> bool:
    """Tell whether the audit accepts a write's events at a time."""
    trial = copy.deepcopy(auditor)
    for event in write.events:
        raw, body = entry.cut(event.state)
        state = entry.join(entry.stamped(raw, clock.to_text(at_ms)), body)
        try:
            trial.add(trial.position + 1, state)
        except AuditError:
            return False
    return True
