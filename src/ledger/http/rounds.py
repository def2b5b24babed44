"""Work in pieces: so many in a round of the event loop, and the others wait address by address.

What arrives together would otherwise be worked on in one round, before anybody else is heard.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable

Piece = Callable[[], None]


class Rounds:
    """The pieces of work of one kind; `each` of the `most` of a round are one asker's at most."""

    def __init__(self, *, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._done: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, deque[Piece]] = OrderedDict()
        self._is_armed = False

    def do(self, asker: Hashable, piece: Piece) -> bool:
        """Do a piece now and return True, or do it in a later round, after those that wait."""
        has_room = self._done.total() < self._most and self._done[asker] < self._each
        if has_room and asker not in self._waiting:
            self._count(asker)
            piece()
            return True
        self._waiting.setdefault(asker, deque()).append(piece)
        return False

    def _count(self, asker: Hashable) -> None:
        self._done[asker] += 1
        if not self._is_armed:
            self._is_armed = True
            asyncio.get_running_loop().call_soon(self._begin_round)

    def _begin_round(self) -> None:
        self._is_armed = False
        self._done.clear()
        while self._waiting and self._done.total() < self._most:
            asker = next((each for each in self._waiting if self._done[each] < self._each), None)
            if asker is None:
                return
            self._waiting.move_to_end(asker)
            piece = self._waiting[asker].popleft()
            if not self._waiting[asker]:
                del self._waiting[asker]
            self._count(asker)
            piece()
