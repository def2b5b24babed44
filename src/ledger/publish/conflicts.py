"""Checkpoints that this log's keys signed but that contradict this log, kept as evidence.

The signer's memory should know the last signed checkpoint, but not if it was restored together with
the log. A witness still knows. A checkpoint from a witness, signed by our own keys, is put into the
signer's memory, so that the publisher refuses now and at every later start.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ledger.store.ports.signer_memory import SignerMemory
from ledger.tlog.checkpoint import Checkpoint

_log = logging.getLogger("ledger.witnesses")


class Conflicts:
    """The conflicts of one log, stored as files in its directory."""

    def __init__(self, data: Path, memory: SignerMemory, look_again: Callable[[], None]) -> None:
        self._data = data
        self._memory = memory
        self._look_again = look_again

    def report(self, note: bytes, signed: Checkpoint) -> None:
        """Store a checkpoint that our keys signed, and make the publisher compare with it.

        Raises UnavailableError `storage_failed`. The publisher refuses even if the file cannot be
        written, for example on a full disk.
        """
        path = self._data / f"conflict-{signed.size}-{signed.root.hex()[:8]}.checkpoint"
        try:
            with suppress(FileExistsError), path.open("xb") as file:
                file.write(note)
        except OSError as error:
            _log.error("cannot write %s (%s): %r", path, error, note)  # an I/O failure, not a bug
        _log.error("our keys signed a checkpoint that contradicts this log: see %s", path)
        if self._memory.swap(self._memory.get(signed.origin), signed):
            self._look_again()
