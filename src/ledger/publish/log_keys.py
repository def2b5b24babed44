"""The log's keys: which of them sign which sizes, and the private ones that were found.

They sign only checkpoints. The ledger's own key, which announces them, signs no checkpoint. The log
states which key signs which sizes; it is read again whenever the ledger's own stream grows.

A log can be read without its private keys. It signs nothing until all keys in force are found, or
until the ledger's own key has announced others: signing with some of them would hide a loss.
"""

from collections.abc import Iterable
from functools import reduce
from pathlib import Path

from ledger.domain import charter, events
from ledger.domain.charter import Charter
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedError,
    NotFoundError,
    UnavailableError,
)
from ledger.keystore.opening import open_external
from ledger.keystore.places import ExternalPlace, LogKeyPlaces
from ledger.store.ports.log import StoreReader
from ledger.tlog import vkeys
from ledger.tlog.vkeys import NoteKey, NoteSigner, parse_vkey


class PrivateLogKeys:
    """The private keys at their places, and the reasons why a place gives none.

    A key that an HSM or an agent keeps stays open once it was found. A place that refuses, for a
    wrong PIN for example, is not asked again: a token counts wrong PINs, and locks.
    """

    def __init__(self, places: LogKeyPlaces) -> None:
        self.places = places
        self.troubles: list[LedgerError | OSError] = []
        self._in_file: tuple[NoteSigner, ...] = ()
        self._external: dict[ExternalPlace, NoteSigner] = {}
        self._refused: dict[ExternalPlace, ConflictError] = {}

    def look(self, origin: str) -> None:
        """Read the file again, and ask for the keys that were not found yet."""
        self.troubles = []
        try:
            self._in_file = load(self.places.file, origin)
        except (MalformedError, OSError) as error:
            self.troubles.append(error)  # what was read from it before stays in use
        for place in self.places.external:
            if place not in self._external:
                self._open(place, origin)

    def _open(self, place: ExternalPlace, origin: str) -> None:
        try:
            if place in self._refused:
                raise self._refused[place]
            self._external[place] = NoteSigner(origin, open_external(place))
        except ConflictError as error:
            self._refused[place] = error
            self.troubles.append(error)
        except (NotFoundError, UnavailableError) as error:
            self.troubles.append(error)

    def by_vkey(self) -> dict[str, NoteSigner]:
        """Return the keys that were found."""
        return {each.key.vkey: each for each in (*self._in_file, *self._external.values())}


class LogKeys:
    """The log's keys as of the newest event in the ledger's own stream.

    Nobody asks an HSM or an agent before something is to be signed.
    """

    def __init__(self, store: StoreReader, places: LogKeyPlaces) -> None:
        self._store = store
        self._charter: Charter | None = None
        self._private = PrivateLogKeys(places)
        self.refresh()

    def look(self) -> None:
        """Look for the private keys, and read the log again."""
        self.refresh()
        self._private.look(self.origin)

    def refresh(self) -> None:
        """Read the log again."""
        version = 0 if self._charter is None else self._charter.version
        rows = self._store.stream(charter.STREAM, gt=version)
        new = [events.decode(state) for _, _, state in rows]
        self._charter = reduce(charter.evolve, new, self._charter)

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

    @property
    def has_external_places(self) -> bool:
        """Whether the settings name a key in an HSM or an agent."""
        return bool(self._private.places.external)

    def keys(self, size: int) -> tuple[NoteKey, ...]:
        """Return the announced keys in force for a checkpoint of this size."""
        return tuple(parse_vkey(vkey) for vkey in self._in_force(size))

    def signers(self, size: int) -> tuple[NoteSigner, ...]:
        """Return the private keys of `keys(size)`; look for missing ones first.

        Raises UnavailableError: `signer_unavailable` if an HSM or an agent does not answer;
        `log_keys_missing` if a key is at none of its places.
        """
        if not self._in_force(size) or self.missing(size):
            self.look()
        missing = self.missing(size)
        if missing or not self._in_force(size):
            raise self._not_signing(missing)
        private = self._private.by_vkey()
        return tuple(private[vkey] for vkey in self._in_force(size))

    def missing(self, size: int) -> list[str]:
        """Return the vkeys of `keys(size)` whose private keys `look` has not found."""
        private = self._private.by_vkey()
        return [vkey for vkey in self._in_force(size) if vkey not in private]

    def why_not_signing(self, size: int) -> UnavailableError | None:
        """Return what `signers` raises, None if it raises nothing."""
        try:
            self.signers(size)
        except UnavailableError as error:
            return error
        return None

    def require_found(self) -> None:
        """Raise why a place gave no key to `look`, if one did not.

        A key of that place cannot be told from a lost one. An operator who knows that it is lost
        takes the place out of the settings, or the broken file away.
        """
        for trouble in self._private.troubles:
            raise trouble

    def unannounced(self) -> tuple[NoteSigner, ...]:
        """Return the private keys that `look` found and the log does not announce.

        They are new in an HSM or an agent, or an interrupted start or rotation left them.
        """
        known = {key.vkey for key in self.charter.log_keys}
        return tuple(each for vkey, each in self._private.by_vkey().items() if vkey not in known)

    def _in_force(self, size: int) -> list[str]:
        return [key.vkey for key in self.charter.log_keys if key.signs(size)]

    def _not_signing(self, missing: list[str]) -> UnavailableError:
        troubles = self._private.troubles
        if any(map(_is_passing, troubles)):
            return UnavailableError("signer_unavailable", _words(troubles), missing=missing)
        return UnavailableError(
            "log_keys_missing",
            f"{self._private.places} has not got the log keys that this log announces; put them "
            "back, or announce new ones with `ledger log rotate-keys`"
            + (f" ({_words(troubles)})" if troubles else ""),
            missing=missing,
        )


def _is_passing(trouble: LedgerError | OSError) -> bool:
    return isinstance(trouble, UnavailableError)


def _words(troubles: Iterable[LedgerError | OSError]) -> str:
    return "; ".join(map(str, troubles))


def load(path: Path, origin: str) -> tuple[NoteSigner, ...]:
    """Return the keys of the file; none if there is no file.

    Raises MalformedError `log_keys_invalid`, OSError.
    """
    return vkeys.from_pem(origin, path.read_bytes()) if path.exists() else ()
