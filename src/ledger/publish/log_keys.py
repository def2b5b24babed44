"""The private keys that sign checkpoints, in a file of mode 0600, announced in the log.

They sign only checkpoints. The ledger's own key, which announces them, signs no checkpoint. The log
states which key signs which sizes; it is read again whenever the ledger's own stream grows.
"""

from functools import reduce
from pathlib import Path

from ledger.domain import charter, events
from ledger.domain.charter import Charter, LogKey
from ledger.errors import ConflictError, UnavailableError
from ledger.store.ports.log import LogStore
from ledger.tlog import vkeys
from ledger.tlog.vkeys import NoteKey, NoteSigner, parse_vkey


class LogKeys:
    """The log's keys as of the newest event in the ledger's own stream."""

    def __init__(self, store: LogStore, path: Path) -> None:
        self._store = store
        self._path = path
        self._charter: Charter | None = None
        self._private: dict[str, NoteSigner] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the log and the file again; raise MalformedError `log_keys_invalid`."""
        version = 0 if self._charter is None else self._charter.version
        rows = self._store.stream(charter.STREAM, gt=version)
        new = [events.decode(state) for _, _, state in rows]
        self._charter = reduce(charter.evolve, new, self._charter)
        self._private = {each.key.vkey: each for each in load(self._path, self.origin)}

    @property
    def charter(self) -> Charter:
        """The ledger's charter."""
        if self._charter is None:
            raise UnavailableError("not_founded", "this ledger is not founded yet")
        return self._charter

    @property
    def origin(self) -> str:
        """The log's origin now, which is the name of its keys."""
        return self.charter.log_origin

    def origin_of(self, size: int) -> str:
        """Return the log's origin in the checkpoint of this size."""
        return self.charter.origin_of(size)

    def keys(self, size: int) -> tuple[NoteKey, ...]:
        """Return the announced keys in force for a checkpoint of this size."""
        return tuple(parse_vkey(key.vkey) for key in self._in_force(size))

    def signers(self, size: int) -> tuple[NoteSigner, ...]:
        """Return the private keys of `keys(size)`; raise ConflictError `log_keys_missing`."""
        vkeys = [key.vkey for key in self._in_force(size)]
        missing = [vkey for vkey in vkeys if vkey not in self._private]
        if missing or not vkeys:
            raise ConflictError(
                "log_keys_missing",
                f"{self._path} does not contain the log keys that this log announces",
                missing=missing,
            )
        return tuple(self._private[vkey] for vkey in vkeys)

    def _in_force(self, size: int) -> list[LogKey]:
        return [key for key in self.charter.log_keys if key.signs(size)]

    def unannounced(self) -> tuple[NoteSigner, ...]:
        """Return the file's keys that the log does not announce.

        An interrupted start or rotation leaves such keys.
        """
        known = {key.vkey for key in self.charter.log_keys}
        return tuple(each for vkey, each in self._private.items() if vkey not in known)


def load(path: Path, origin: str) -> tuple[NoteSigner, ...]:
    """Return the keys of the file; none if there is no file."""
    return vkeys.from_pem(origin, path.read_bytes()) if path.exists() else ()
