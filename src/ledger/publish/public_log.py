"""Assemble the public log: the stored tree, its publisher, its witnesses and its time-stamps."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack, closing
from typing import NamedTuple, Protocol

from ledger.domain.key_material import of_note_key, require_independent
from ledger.domain.unique_names import key_material_name
from ledger.publish.companions import Stated, read_stated
from ledger.publish.conflicts import Conflicts
from ledger.publish.heads import HeadsKey
from ledger.publish.log_keys import LogKeys
from ledger.publish.publisher import Publisher, PublishingTimes
from ledger.publish.served import ServedCheckpoint, read_policy
from ledger.publish.stamper import Stamper, open_authority
from ledger.publish.witness_rounds import WitnessRounds
from ledger.settings import Settings
from ledger.store.engines import open_turn
from ledger.store.log import Log
from ledger.store.ports.endorsements import EndorsementTables
from ledger.store.ports.log import Needs
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.ports.tree import TreeTables
from ledger.store.scrubber import Scrubber
from ledger.tlog.vkeys import NoteKey


class PublishingClock(Protocol):
    """The clock in milliseconds since 1970, to compare with and to sign."""

    def now_ms(self) -> int:
        """Return the time."""
        ...

    def decision_ms(self) -> int:
        """Return the time; raise UnavailableError while the clock cannot be relied on."""
        ...


class PublicLog(NamedTuple):
    """A log's stored tree, and the threads that publish it and collect endorsements."""

    log: Log
    tree: TreeTables
    keys: LogKeys
    publisher: Publisher
    endorsements: EndorsementTables
    quorum: ServedCheckpoint
    witnesses: WitnessRounds
    stamper: Stamper
    stated: Stated
    scrubber: Scrubber
    heads_key: HeadsKey

    def start(self) -> None:
        """Start the threads of all parts."""
        self.publisher.start()
        self.witnesses.start()
        self.stamper.start()
        self.scrubber.start()

    def failures(self) -> list[str]:
        """Return why the log must not be relied on; empty if it is healthy."""
        return self.publisher.reasons() + self.witnesses.alarms() + self.scrubber.failures()

    def warnings(self) -> list[str]:
        """Return what needs the operator's attention while the log is still served."""
        return self.witnesses.warnings() + self.stamper.warnings()


def open_public_log(
    settings: Settings,
    log: Log,
    keys: LogKeys,
    signed: SignerMemory,
    opened: ExitStack,
    *,
    clock: PublishingClock,
) -> PublicLog:
    """Open the parts that publish a log; `opened` stops the threads, then closes the files.

    Raises what the settings' policy, addresses and certificates raise; RefusedError `key_shared`
    for a policy that names a key of this ledger as a witness.
    """
    # Each part has its own connection, so a long read for publication delays no request.
    publishing, reading, telling = (_tree(log, opened) for _ in range(3))
    endorsements = log.store.endorsements()
    opened.callback(endorsements.close)
    policy = read_policy(settings.witnesses, keys.origin)
    require_independent(policy.keys, _claimed(log, policy.keys))
    wait_s = settings.witness_wait_s
    quorum = ServedCheckpoint(policy, endorsements, wait_s=wait_s, now_ms=clock.now_ms)
    times = PublishingTimes(most_tail_s=settings.publish_within_s)
    turn = opened.enter_context(closing(open_turn(settings.log_address, settings.data)))
    publisher = Publisher(publishing, signed, keys, clock.decision_ms, times=times, turn=turn)
    publisher.open()
    conflicts = Conflicts(settings.data, signed, publisher.look_again)
    witnesses = WitnessRounds(
        quorum, telling, endorsements, keys=keys, conflicts=conflicts, now_ms=clock.now_ms
    )
    stamper = Stamper(
        open_authority(settings),
        telling,
        endorsements,
        quorum,
        interval_s=settings.tsa_interval_s,
        now_ms=clock.now_ms,
    )
    opened.enter_context(publisher.listening(lambda _: witnesses.wake()))
    for part in (
        stamper,
        witnesses,
        publisher,
    ):  # an ExitStack closes in reverse: the publisher stops first
        opened.callback(part.stop)
    scrubber = _scrubber(log, opened)
    stated = read_stated(settings.witnesses, settings.tsa_certificates)
    return PublicLog(
        log,
        reading,
        keys,
        publisher,
        endorsements,
        quorum,
        witnesses,
        stamper,
        stated,
        scrubber,
        HeadsKey(settings.heads_key),
    )


def _claimed(log: Log, keys: Sequence[NoteKey]) -> Collection[str]:
    """Return the names of those of these keys that the ledger or its people already use."""
    names = tuple(key_material_name(of_note_key(key)) for key in keys)
    return log.store.load([Needs(names=names)])[0].owners


def _scrubber(log: Log, opened: ExitStack) -> Scrubber:
    reader = log.store.reader()
    opened.callback(reader.close)
    scrubber = Scrubber(reader, _tree(log, opened))
    opened.callback(scrubber.stop)
    return scrubber


def _tree(log: Log, opened: ExitStack) -> TreeTables:
    tree = log.store.tree()
    opened.callback(tree.close)
    return tree
