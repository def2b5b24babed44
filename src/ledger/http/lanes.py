"""Lanes: requests of one kind take turns among themselves, so that no kind starves another.

A request waits for its turn in the order of arrival, within bounds of number and time; what finds
its lane full is refused at once.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum

from ledger.errors import UnavailableError


class LaneName(StrEnum):
    """The kinds of requests that are kept apart."""

    HEALTH = "health"
    MEMBERS = "members"  # reads by people who are signed in
    WRITES = "writes"  # by people who are signed in, and everything that carries a signature
    STRANGERS = "strangers"


class Lane:
    """The turns of one kind of request."""

    def __init__(self, name: LaneName, *, at_once: int, waiting: int, wait_s: float) -> None:
        self.name = name
        self._turns = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._wait_s = wait_s
        self.at_work = 0
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it inside the block; raise UnavailableError `server_busy`."""
        if self._turns.locked():
            await self._queue()
        else:
            await self._turns.acquire()
        self.at_work += 1
        try:
            yield
        finally:
            self.at_work -= 1
            self._turns.release()

    async def _queue(self) -> None:
        if self.waiting >= self._most_waiting:
            raise UnavailableError("server_busy", "too many requests of this kind are waiting")
        self.waiting += 1
        try:
            await asyncio.wait_for(self._turns.acquire(), self._wait_s)
        except TimeoutError as error:
            raise UnavailableError("server_busy", "the request waited too long") from error
        finally:
            self.waiting -= 1


def default_lanes() -> dict[LaneName, Lane]:
    """Return one lane of each kind; docs/reference/limits.md lists their bounds."""
    return {
        LaneName.HEALTH: Lane(LaneName.HEALTH, at_once=8, waiting=32, wait_s=2),
        LaneName.MEMBERS: Lane(LaneName.MEMBERS, at_once=32, waiting=256, wait_s=10),
        LaneName.WRITES: Lane(LaneName.WRITES, at_once=256, waiting=512, wait_s=10),
        LaneName.STRANGERS: Lane(LaneName.STRANGERS, at_once=16, waiting=128, wait_s=5),
    }


# Requests that prove themselves by a signature inside; a session is not asked for.
_SIGNED = ("/sign", "/reject", "/withdraw", "/revoke")
_HEALTH = frozenset(("/livez", "/readyz", "/healthz", "/metrics"))


def lane_of(method: str, path: str, *, is_member: bool) -> LaneName:
    """Return the lane of a request."""
    if path in _HEALTH:
        return LaneName.HEALTH
    if method in ("GET", "HEAD"):
        return LaneName.MEMBERS if is_member else LaneName.STRANGERS
    return LaneName.WRITES if is_member or path.endswith(_SIGNED) else LaneName.STRANGERS


Lanes = Mapping[LaneName, Lane]
