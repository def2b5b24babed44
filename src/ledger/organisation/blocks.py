"""Whom the directory blocks: kept beside the log, known to each process within a second.

A block names the user that explains it. One that a request announces before its user is kept is
taken back if the request is refused, unless another request has taken it over meanwhile.
"""

import time
from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from ledger.store.ports.directory import Directory, DirectoryEntry
from ledger.system.worker import Backoff, Worker

POLL_S = 1.0
FORGET_S = 10.0  # how often to look for people whose names were erased
MOST_LINKS = 100_000
# `other` of an entry: administrators were told, or it blocks nobody any more. Empty before.
TOLD, LIFTED = "told", "lifted"


class Block(msgspec.Struct, frozen=True):
    """Since when a person is blocked, and the id of the user who says so, empty once deleted."""

    since_ms: int
    user: str = ""


class BlockList:
    """The blocks of one ledger. Its calls may raise UnavailableError `state_unavailable`."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def everybody(self) -> frozenset[str]:
        """Return everybody who may do nothing here."""
        found = self._directory.page("block", skip=0, limit=MOST_LINKS)
        return frozenset(each.id for each in found if each.other != LIFTED)

    def announce(self, person: str, since_ms: int, user: str) -> None:
        """Block a person before their user is kept; a block that is there stays as it is."""
        self._keep(person, Block(since_ms, user), takes_over=False)

    def block(self, person: str, since_ms: int, user: str = "") -> None:
        """Block a person for a user who is kept, or was deleted."""
        self._keep(person, Block(since_ms, user), takes_over=True)

    def lift(self, person: str) -> None:
        """End a person's block."""
        self._directory.forget("block", person)

    def refused(self, user: str, person: str) -> None:
        """End the block that a new user announced who is not kept, unless somebody took it over."""
        kept = self._directory.entry("block", person)
        if kept is not None and _block_in(kept).user == user:
            # Not deleted: a request that takes it over at this moment has to see the change.
            self._directory.replace(replace(kept, other=LIFTED))

    def _keep(self, person: str, block: Block, *, takes_over: bool) -> None:
        made = DirectoryEntry("block", person, person, "", msgspec.json.encode(block))
        while not self._directory.add(made):
            kept = self._directory.entry("block", person)
            if kept is None:  # lifted meanwhile
                continue
            new = replace(made, version=kept.version)
            if kept.other != LIFTED:
                if not takes_over or _block_in(kept).user == block.user:
                    return
                same = replace(_block_in(kept), user=block.user)  # since when stays
                new = replace(kept, body=msgspec.json.encode(same))
            if self._directory.replace(new):
                return

    # --- who is told of it ----------------------------------------------------------------------

    def untold(self, *, limit: int) -> list[tuple[str, int]]:
        """Return who is blocked since when, in ms, of whom administrators were not told yet."""
        found = self._directory.others("block", "", limit=limit)
        return [(each.id, _block_in(each).since_ms) for each in found]

    def told(self, person: str, since_ms: int) -> None:
        """Keep that administrators were told of a person's block of this time.

        A block that was lifted and made anew meanwhile is another one: they are told of it too.
        """
        kept = self._directory.entry("block", person)
        if kept is not None and kept.other == "" and _block_in(kept).since_ms == since_ms:
            self._directory.replace(replace(kept, other=TOLD))


class KnownBlocks:
    """Who is blocked, as this process knows it: at most a second older than what servers share."""

    def __init__(
        self,
        blocks: BlockList,
        tell: Callable[[frozenset[str]], None],
        unlink: Callable[[str], object],
    ) -> None:
        """`tell` is called with everybody who is blocked, the first time now; `unlink` forgets."""
        self._blocks = blocks
        self._tell = tell
        self._unlink = unlink
        self.known: frozenset[str] = frozenset()
        self._erased: Callable[[], Iterable[str]] = tuple
        self._forgotten: set[str] = set()
        self._looked_s = -FORGET_S
        self._worker = Worker("organisation", self._turn, backoff=Backoff(1.0, 10.0))
        self.refresh()

    def start(self, erased: Callable[[], Iterable[str]]) -> None:
        """Begin in a background thread; `erased` returns the people whose names were erased.

        Their links are forgotten: an account mostly has the name of its person.
        """
        self._erased = erased
        self._worker.start()

    def stop(self) -> None:
        """End the thread."""
        self._worker.stop()

    @property
    def trouble(self) -> str | None:
        """Why blocks are not read, None while they are."""
        return self._worker.trouble

    def refresh(self) -> None:
        """Read who is blocked; raise UnavailableError `state_unavailable`."""
        self.known = self._blocks.everybody()
        self._tell(self.known)

    def _turn(self) -> None:
        self.refresh()
        if time.monotonic() - self._looked_s >= FORGET_S:
            self._looked_s = time.monotonic()
            for person in {*self._erased()} - self._forgotten:
                self._unlink(person)  # they are deactivated: no block is needed
                self._forgotten.add(person)
        self._worker.rest(POLL_S)


def _block_in(entry: DirectoryEntry) -> Block:
    return msgspec.json.decode(entry.body, type=Block)
