"""Lanes: requests of one kind take turns among themselves, so that no kind starves another.

A request waits for its turn in the order of arrival, within bounds of number and time; what finds
its lane full is refused at once.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from enum import StrEnum

from ledger.errors import UnavailableError


class LaneName(StrEnum):
    """The kinds of requests that are kept apart."""

    HEALTH = "health"
    MEMBERS = "members"  # reads by people who are signed in
    WRITES = "writes"  # by people who are signed in, and everything that carries a signature
    STRANGERS = "strangers"


class Lane:
    """The turns of one kind of request; `async with lane` waits for one and holds it.

    Raises UnavailableError `server_busy`.
    """

    def __init__(self, name: LaneName, *, at_once: int, waiting: int, wait_s: float) -> None:
        self.name = name
        self._at_once = at_once
        self._most_waiting = waiting
        self._wait_s = wait_s
        self._queue: deque[asyncio.Future[None]] = deque()
        self.at_work = 0

    @property
    def waiting(self) -> int:
        """How many requests wait for a turn."""
        return len(self._queue)

    async def __aenter__(self) -> None:
        """Take a turn, after everybody who waits."""
        if self.at_work < self._at_once:  # then nobody waits
            self.at_work += 1
        else:
            await self._wait()

    async def __aexit__(self, *_: object) -> None:
        """Hand the turn to the request that has waited longest."""
        self._leave()

    async def _wait(self) -> None:
        if len(self._queue) >= self._most_waiting:
            raise UnavailableError("server_busy", "too many requests of this kind are waiting")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(self._wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._leave()  # it came just as the request gave up waiting
            elif turn in self._queue:
                self._queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise UnavailableError("server_busy", "the request waited too long") from error
            raise

    def _leave(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.at_work -= 1


def default_lanes() -> dict[LaneName, Lane]:
    """Return one lane of each kind; docs/reference/limits.md lists their bounds."""
    return {
        LaneName.HEALTH: Lane(LaneName.HEALTH, at_once=8, waiting=32, wait_s=2),
        LaneName.MEMBERS: Lane(LaneName.MEMBERS, at_once=32, waiting=256, wait_s=10),
        LaneName.WRITES: Lane(LaneName.WRITES, at_once=256, waiting=512, wait_s=10),
        LaneName.STRANGERS: Lane(LaneName.STRANGERS, at_once=16, waiting=128, wait_s=5),
    }


# Requests that prove themselves by a signature inside; a session is not asked for.
_SIGNED = ("/sign", "/reject", "/withdraw", "/revoke", "/suspend", "/compromises")
_HEALTH = frozenset(("/livez", "/readyz", "/healthz", "/metrics"))


def lane_of(method: str, path: str, *, is_member: bool) -> LaneName:
    """Return the lane of a request."""
    if path in _HEALTH:
        return LaneName.HEALTH
    if method in ("GET", "HEAD"):
        return LaneName.MEMBERS if is_member else LaneName.STRANGERS
    return LaneName.WRITES if is_member or path.endswith(_SIGNED) else LaneName.STRANGERS


Lanes = Mapping[LaneName, Lane]
