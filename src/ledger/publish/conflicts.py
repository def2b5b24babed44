"""What this log's own keys signed and this log does not have: kept, and not forgotten again.

The signer's state is meant to know what was signed last, and cannot if it was restored with the
log. A witness can. What it shows, signed by our own keys, is put where the state would have had
it, so that the publisher refuses now and at every later start.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ledger.store.sqlite.signer_state import SignerState
from ledger.tlog.checkpoint import Checkpoint

_log = logging.getLogger("ledger.witnesses")


class Conflicts:
    """The conflicts of one log, as files in its directory."""

    def __init__(self, data: Path, state: SignerState, look_again: Callable[[], None]) -> None:
        self._data = data
        self._state = state
        self._look_again = look_again

    def report(self, note: bytes, signed: Checkpoint) -> None:
        """Keep a checkpoint that our keys signed, and have the publisher compare with it.

        Raises UnavailableError `storage_failed`. A file that cannot be written, on a full disk for
        one, does not keep the publisher from refusing.
        """
        path = self._data / f"conflict-{signed.size}-{signed.root.hex()[:8]}.checkpoint"
        try:
            with suppress(FileExistsError), path.open("xb") as file:
                file.write(note)
        except OSError as error:
            _log.error("%s is not written (%s): %r", path, error, note)  # no bug
        _log.error("our keys signed what this log does not have: see %s", path)
        if self._state.swap(self._state.get(signed.origin), signed):
            self._look_again()
