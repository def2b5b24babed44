"""Acts by the ledger's own key: change the log keys and the heads key; freeze the ledger.

Each act is an event in the ledger's own stream. `charter` decides it, and the audit repeats
the decision.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import msgspec

from ledger import clock
from ledger.commands.founding import own_write
from ledger.commands.writer import MAX_TRIES
from ledger.domain import charter, restoration
from ledger.domain.act import Act
from ledger.domain.acts import TYP
from ledger.domain.charter import Charter
from ledger.domain.events import FROZEN, TAKEN, Body, Event
from ledger.domain.ledger_acts import (
    AnnounceLogKeys,
    FreezeLedger,
    KeptTree,
    LostTree,
    ReplaceHeadsKey,
    RestoreLedger,
    RetireLogKeys,
)
from ledger.domain.log_keys import announce_log_keys, replace_heads_key, retire_log_keys
from ledger.errors import (
    ConflictError,
    CorruptError,
    NotFoundError,
    StaleError,
    UnavailableError,
)
from ledger.jose import OkpJwk, SigningKey
from ledger.keystore.opening import open_signing_key
from ledger.publish import log_keys
from ledger.publish.log_keys import LogKeys
from ledger.settings import Settings
from ledger.store.log import Log
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.results import require_stored
from ledger.system import private_files
from ledger.tlog import vkeys
from ledger.tlog.vkeys import NoteSigner


class Decide(Protocol):
    """A decision of `charter` on an act by the ledger's own key."""

    def __call__(self, charter: Charter, act_text: str, /, *, now_ms: int) -> Body:
        """Return the event that records the act, or raise."""
        ...


class Rotation(NamedTuple):
    """The vkeys that a rotation announced, and those that it ended."""

    announced: tuple[str, ...]
    ended: tuple[str, ...]


class LedgerActs:
    """Acts by the ledger's own key, on a log that other processes may also write."""

    def __init__(self, log: Log, settings: Settings, now_ms: Callable[[], int]) -> None:
        self._log = log
        self._settings = settings
        self._now_ms = now_ms

    def open_log_keys(self, memory: SignerMemory) -> LogKeys:
        """Return the log's keys; the first start creates and announces them.

        Keys that are announced and not found are no error here: `LogKeys.signers` says why. Crash
        points: the file is written first, so announced keys are never lost; the next start
        announces keys that are only in the file. Raises what `rotate` raises at the first start;
        CorruptError `log_rolled_back` if a log without keys was signed before.
        """
        keys = LogKeys(self._log.store, self._settings.log_keys)
        if not keys.charter.log_keys:
            if memory.get(keys.origin) is not None:
                detail = "the log announces no keys, but it was signed: it is an older copy"
                raise CorruptError("log_rolled_back", detail)
            keys.look()
            self._announce(keys)
        return keys

    def rotate(self) -> Rotation:
        """Announce new log keys; end the old ones too if any of their private keys is lost.

        The new keys are those that no event announces yet; what is missing of an Ed25519 and an
        ML-DSA-44 key is created in the file. A lost key cannot sign together with the new ones, so
        the old keys end with the announcement. Raises ConflictError `ledger_frozen`,
        `ledger_key_missing`, `log_key_not_new`; and what `LogKeys.require_found` raises.
        """
        keys = LogKeys(self._log.store, self._settings.log_keys)
        keys.look()
        lost = keys.missing(self._log.head() + 1)
        announced = self._announce(keys)
        return Rotation(announced, self.retire() if lost else ())

    def _announce(self, keys: LogKeys) -> tuple[str, ...]:
        if keys.charter.frozen:
            raise ConflictError(*TAKEN[FROZEN])
        keys.require_found()
        self._own_key()  # now, so that no file is written in vain
        new = keys.unannounced()
        kinds = {signer.key.kind for signer in new}
        created = [each for each in vkeys.generate(keys.origin) if each.key.kind not in kinds]
        if keys.has_external_places and vkeys.ED25519 not in kinds:
            raise ConflictError(
                "log_key_not_new",
                "LEDGER_LOG_KEYS names no key that is not announced yet: create one in the HSM or "
                "agent and name it",
            )
        if created:
            self._store_keys(keys.origin, created)
        announced = tuple(signer.key.vkey for signer in (*new, *created))

        def act(iat: int, ledger: str) -> Act:
            first_size = self._log.head() + 1
            return AnnounceLogKeys(iat=iat, ledger=ledger, vkeys=announced, first_size=first_size)

        self._append(act, announce_log_keys)
        keys.look()
        return announced

    def _store_keys(self, origin: str, created: Sequence[NoteSigner]) -> None:
        """Add private keys to the file of log keys."""
        path = self._settings.log_keys.file
        if path.exists():
            stored = (*log_keys.load(path, origin), *created)
            private_files.replace(path, vkeys.to_pem(stored))
        else:
            private_files.create(path, vkeys.to_pem(created))

    def retire(self) -> tuple[str, ...]:
        """End all log keys except those announced last; return the vkeys that ended.

        Raises ConflictError `log_keys_refused` if there are no others.
        """
        keys = LogKeys(self._log.store, self._settings.log_keys)
        newest = max(key.first_size for key in keys.charter.log_keys)
        in_force = [key for key in keys.charter.log_keys if key.last_size is None]
        old = tuple(key.vkey for key in in_force if key.first_size < newest)

        def act(iat: int, ledger: str) -> Act:
            return RetireLogKeys(iat=iat, ledger=ledger, vkeys=old, last_size=self._log.head())

        self._append(act, retire_log_keys)
        return old

    def replace_heads_key(self) -> None:
        """Replace the heads key by the one at its place, or by a new one in its file.

        Crash point: the file is written first; then the next try announces the key that is there.
        Raises ConflictError `ledger_frozen`, `ledger_key_missing`, `key_known` for a key that the
        log named before, `heads_key_not_new` if the settings name the present key in an HSM or an
        agent; and what `open_signing_key` raises for these.
        """
        place, current = self._settings.heads_key, self._log.charter()
        if current is not None and current.frozen:
            raise ConflictError(*TAKEN[FROZEN])
        self._own_key()  # now, so that no file is written in vain
        if isinstance(place, Path):
            key = _new_in_file(place, None if current is None else current.heads)
        else:
            key = open_signing_key(place)
            if current is not None and key.jwk == current.heads:
                detail = "LEDGER_HEADS_KEY names the present key: create one in the HSM or agent"
                raise ConflictError("heads_key_not_new", f"{detail} and name it")

        def act(iat: int, ledger: str) -> Act:
            return ReplaceHeadsKey(iat=iat, ledger=ledger, heads=key.jwk)

        self._append(act, replace_heads_key)

    def require_key(self) -> None:
        """Raise ConflictError `ledger_key_missing` without the ledger's own key."""
        self._own_key()

    def restore(
        self,
        *,
        epoch: int,
        kept: KeptTree,
        lost: LostTree | Literal["unknown"] | None,
        origin: str,
        vkeys: tuple[str, ...],
        reason: str,
    ) -> int:
        """Record that the ledger goes on from a backup; return the event's position.

        Raises as `restoration.restore`.
        """

        def act(iat: int, ledger: str) -> Act:
            return RestoreLedger(iat, ledger, epoch, kept, lost, origin, vkeys, reason)

        return self._append(act, restoration.restore)

    def freeze(self, reason: str) -> int:
        """Freeze the ledger for ever; return the position of its last event.

        Raises MalformedError `reason_invalid`, ConflictError `ledger_frozen`.
        """

        def act(iat: int, ledger: str) -> Act:
            return FreezeLedger(iat=iat, ledger=ledger, reason=reason)

        return self._append(act, charter.freeze)

    def _append(self, make: Callable[[int, str], Act], decide: Decide) -> int:
        """Sign an act, decide it, and append the event to the ledger's own stream.

        Returns the event's position.
        """
        key = self._own_key()
        if decide is not restoration.restore:  # a restore has raised the epoch itself
            self._log.require_open()
        for _ in range(MAX_TRIES):
            current = self._log.charter()
            if current is None:
                raise UnavailableError("not_founded", "this ledger is not founded yet")
            # Later than everything before it, as a restore has to be.
            now_ms = max(self._now_ms(), self._log.store.head().at_ms + 1)
            act = make(now_ms // 1000, current.ledger)
            signed = key.sign(msgspec.json.encode(act), typ=TYP)
            event = Event(
                stream=charter.STREAM,
                version=current.version + 1,
                at=clock.to_text(now_ms),
                body=decide(current, signed, now_ms=now_ms),
            )
            (result,) = self._log.store.append([own_write(event)])
            with suppress(StaleError):
                return require_stored(result).position
        raise UnavailableError("contended", "too many concurrent writers; try again")

    def _own_key(self) -> SigningKey:
        return own_key(self._log, self._settings)


def _new_in_file(file: Path, current: OkpJwk | None) -> SigningKey:
    """Return the key of the file; write a new one if there is none, or if it is the present one."""
    if not file.exists():
        private_files.create(file, SigningKey.generate().to_pem())
    elif open_signing_key(file).jwk == current:
        private_files.replace(file, SigningKey.generate().to_pem())
    return open_signing_key(file)


def own_key(log: Log, settings: Settings) -> SigningKey:
    """Return the ledger's own key; raise ConflictError `ledger_key_missing`."""
    place, current = settings.own_key, log.charter()
    try:
        key = open_signing_key(place)
    except NotFoundError as error:
        raise ConflictError("ledger_key_missing", error.detail) from error
    if current is not None and key.jwk != current.key:
        detail = f"{place} has another key than this ledger's own"
        raise ConflictError("ledger_key_missing", detail)
    return key
