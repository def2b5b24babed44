"""Lanes: requests of one kind take turns among themselves, so that no kind starves another.

A request waits for its turn within bounds of number and time. When a lane is full, the asker with
the most waiting requests is refused one.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from enum import StrEnum

from ledger.errors import UnavailableError

# How long a turn rests before the next one has it, while members are at work.
REST_S = 0.01


class LaneName(StrEnum):
    """The kinds of requests that are kept apart."""

    HEALTH = "health"
    MEMBERS = "members"  # reads by people who are signed in
    WRITES = "writes"  # by people who are signed in, and what _SIGNED names
    DRAFTS = "drafts"  # without a session, until their signature is verified
    STRANGERS = "strangers"


class Lane:
    """The turns of one kind of request.

    Askers, people or addresses, take turns in rotation, each in the order of its own requests: one
    of them with many requests delays its own. `each` of the turns are one asker's at most.
    """

    def __init__(
        self,
        name: LaneName | None,
        *,
        at_once: int,
        each: int,
        waiting: int,
        wait_s: float,
        gives_way_to: "Lane | None" = None,
    ) -> None:
        """Take the bounds; a lane without a name is none of those of requests."""
        self.name = name
        self._gives_way_to = gives_way_to
        self._at_once = at_once
        self._each = each
        self._most_waiting = waiting
        self._wait_s = wait_s
        self._queues: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._held: Counter[Hashable] = Counter()
        self.at_work = self.waiting = 0

    def turn(self, asker: Hashable) -> "Turn":
        """Return a turn for an asker: `async with` waits for it and holds it."""
        return Turn(self, asker)

    async def take(self, asker: Hashable) -> None:
        """Take a turn, after the asker's earlier requests; raise UnavailableError `server_busy`."""
        if self._is_free(asker) and asker not in self._queues:
            self._hold(asker)
        else:
            await self._wait(asker)

    def give_back(self, asker: Hashable) -> None:
        """Hand a turn to the next asker that waits and may have one more."""
        self.at_work -= 1
        self._held[asker] -= 1
        if not self._held[asker]:
            del self._held[asker]
        for each in [*self._queues]:
            turn = self._next_of(each) if self._is_free(each) else None
            if turn is not None:
                self._hold(each)
                turn.set_result(None)
                return

    def end(self, asker: Hashable) -> None:
        """Give a turn back at the event loop's next round, or a little later.

        Many requests never wait for anything. If each of them gave its turn back at once, all that
        arrived together would be answered one after the other, before anybody else is heard.

        A member's read is a thread, which has Python's lock taken away at each row that it reads.
        If strangers kept the event loop busy meanwhile, it would wait for the lock at each row.
        """
        loop = asyncio.get_running_loop()
        if self._gives_way_to is not None and self._gives_way_to.at_work:
            loop.call_later(REST_S, self.give_back, asker)
        else:
            loop.call_soon(self.give_back, asker)

    def _is_free(self, asker: Hashable) -> bool:
        return self.at_work < self._at_once and self._held[asker] < self._each

    def _hold(self, asker: Hashable) -> None:
        self.at_work += 1
        self._held[asker] += 1

    def _next_of(self, asker: Hashable) -> asyncio.Future[None] | None:
        """Return the first request of an asker that has not given up; the asker goes last."""
        self._queues.move_to_end(asker)
        for turn in [*self._queues[asker]]:
            self._drop(asker, turn)
            if not turn.done():
                return turn
        return None

    def _drop(self, asker: Hashable, turn: asyncio.Future[None]) -> None:
        queue = self._queues[asker]
        queue.remove(turn)
        self.waiting -= 1
        if not queue:
            del self._queues[asker]

    async def _wait(self, asker: Hashable) -> None:
        if self.waiting >= self._most_waiting:
            self._make_room(asker)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(asker, deque()).append(turn)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            if turn in self._queues.get(asker, ()):
                self._drop(asker, turn)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(asker)  # it came just as the request gave up waiting
            if isinstance(error, TimeoutError):
                raise UnavailableError("server_busy", "the request waited too long") from error
            raise

    def _make_room(self, asker: Hashable) -> None:
        """Refuse the last request of the asker with the most, unless this one has as many."""
        most = max(self._queues, key=lambda each: len(self._queues[each]))
        busy = UnavailableError("server_busy", "too many requests of this kind are waiting")
        if len(self._queues[most]) <= len(self._queues.get(asker, ())) + 1:
            raise busy
        last = self._queues[most][-1]
        self._drop(most, last)
        last.set_exception(busy)


class Turn:
    """One request's turn in a lane."""

    def __init__(self, lane: Lane, asker: Hashable) -> None:
        self._lane = lane
        self._asker = asker
        self._is_held = False

    async def __aenter__(self) -> None:
        """Wait for the turn; raise as `Lane.take` does."""
        await self.begin()
        _current.set(self)

    async def __aexit__(self, *_: object) -> None:
        """Hand the turn on."""
        _current.set(None)
        self.end()

    async def begin(self) -> None:
        """Take the turn."""
        await self._lane.take(self._asker)
        self._is_held = True

    def end(self) -> None:
        """End the turn, if it is held."""
        if self._is_held:
            self._is_held = False
            self._lane.end(self._asker)

    def end_unsigned(self) -> None:
        """Give the turn back if it was taken for a draft that anybody may have written."""
        if self._lane.name is LaneName.DRAFTS:
            self.end()


_current: ContextVar[Turn | None] = ContextVar("turn", default=None)


def end_unsigned() -> None:
    """Give the turn of a draft back: its signature is verified, and its person has a quota.

    Otherwise programs that draft without a session would wait for each other's commits.
    """
    turn = _current.get()
    if turn is not None:
        turn.end_unsigned()


@asynccontextmanager
async def without_turn() -> AsyncIterator[None]:
    """Give the request's turn back while it waits for an event of the ledger, then take another.

    Otherwise requests that only wait would keep those out that have work to do.
    """
    turn = _current.get()
    if turn is None:
        yield
        return
    turn.end()
    try:
        yield
    finally:
        await turn.begin()


def default_lanes(share: Callable[[int], int] = lambda most: most) -> dict[LaneName, Lane]:
    """Return one lane of each kind; docs/reference/limits.md lists their bounds.

    `share` returns a worker's part of a bound that holds for all workers together.
    """

    def lane(
        name: LaneName,
        at_once: int,
        each: int,
        waiting: int,
        wait_s: float,
        gives_way_to: Lane | None = None,
    ) -> Lane:
        return Lane(
            name,
            at_once=share(at_once),
            each=share(each),
            waiting=share(waiting),
            wait_s=wait_s,
            gives_way_to=gives_way_to,
        )

    members = lane(LaneName.MEMBERS, 32, 2, 512, wait_s=10)
    return {
        LaneName.HEALTH: lane(LaneName.HEALTH, 8, 2, 32, wait_s=2),
        LaneName.MEMBERS: members,
        LaneName.WRITES: lane(LaneName.WRITES, 256, 128, 512, wait_s=10),
        LaneName.DRAFTS: lane(LaneName.DRAFTS, 4, 2, 512, wait_s=10, gives_way_to=members),
        LaneName.STRANGERS: lane(LaneName.STRANGERS, 4, 2, 512, wait_s=5, gives_way_to=members),
    }


# Requests that prove themselves by a signature inside; a session is not asked for.
_SIGNED = (
    *("/sign", "/reject", "/retract", "/withdraw", "/use", "/outcome"),
    *("/revoke", "/remove", "/suspend", "/compromises"),
    *("/recovery-codes", "/cancel-recovery"),
)
# Their bodies can be large without a session, and what they hold is not known to be anybody's.
_DRAFTS = ("/api/statements/create", "/api/changes")
_HEALTH = frozenset(("/livez", "/readyz", "/healthz", "/metrics"))


def lane_of(method: str, path: str, *, is_member: bool) -> LaneName:
    """Return the lane of a request."""
    if path in _HEALTH:
        return LaneName.HEALTH
    if method in ("GET", "HEAD"):
        return LaneName.MEMBERS if is_member else LaneName.STRANGERS
    if is_member or path.endswith(_SIGNED):
        return LaneName.WRITES
    return LaneName.DRAFTS if path in _DRAFTS else LaneName.STRANGERS


Lanes = Mapping[LaneName, Lane]
