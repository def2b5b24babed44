"""The read models as routes and pages see them: at one position, awaited, or live."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ledger import clock
from ledger.errors import MalformedError, UnavailableError
from ledger.http.lanes import without_turn
from ledger.store.log import Log
from projections import timeline
from projections.follower import Follower, Views

WAIT_S = 2.0  # for a position that a request asks for
HEAD_WAIT_S = 1.0  # for what this process appended before the request came


class ReadModels:
    """The read models of one running ledger, and the log that they are made of."""

    def __init__(
        self, views: Views, follower: Follower, log: Log, now_ms: Callable[[], int]
    ) -> None:
        self.follower = follower
        self.log = log
        self.closing = False
        self._views = views
        self._now_ms = now_ms
        self._streams: set[asyncio.Event] = set()
        self._newest = 0

    def now(self) -> str:
        """Return the present time as text."""
        return clock.to_text(self._now_ms())

    @contextmanager
    def views(self, at: int | str | None = None) -> Iterator[tuple[sqlite3.Connection, int]]:
        """Open the read models at one position: the newest, an earlier one, or that of a time.

        Raises MalformedError `position_future`; UnavailableError `views_rebuilding` until they have
        caught up with the log once, `views_failing` if a failure keeps them from it for good.
        """
        self._require_caught_up()
        with self._views.reader() as db:
            newest = self._views.position(db)
            if isinstance(at, str):
                if at > self.now():
                    raise MalformedError("position_future", "that time is yet to come")
                at = timeline.position_at(db, at, newest=newest)
            if at is not None and at > newest:
                raise MalformedError("position_future", f"the newest position is {newest}")
            yield db, newest if at is None else at

    def _require_caught_up(self) -> None:
        follower = self.follower
        if follower.has_caught_up:
            return
        if follower.worker.is_over:
            detail = "the lists of this ledger could not be brought up to date; its operator must"
            raise UnavailableError("views_failing", f"{detail} see to it")
        reached = f"{follower.folded:,} of {follower.goal:,} events so far"
        detail = f"the lists of this ledger are being brought up to date: {reached}"
        evidence = {"folded": follower.folded, "size": follower.goal}
        raise UnavailableError("views_rebuilding", detail, **evidence)

    def time_of(self, db: sqlite3.Connection, at: int | str | None) -> str:
        """Return the time at which a view is shown: now, a past one, or an earlier entry's."""
        if isinstance(at, str):
            return at
        return self.now() if at is None else timeline.time_of(db, at)

    def committed(self, newest: int) -> None:
        """Note that this process appended events up to a position; any thread may call it."""
        self._newest = max(self._newest, newest)
        self.follower.wake()

    async def current(self) -> "ReadModels":
        """Return itself to a route, once it shows what this process has appended so far.

        So who writes and then reads finds what they wrote. It waits HEAD_WAIT_S at most, and not
        at all while the read models are rebuilt or fail: then it shows what there is.
        """
        if self.follower.position > 0 and self.follower.failure is None:
            with suppress(UnavailableError):
                await self.wait_for(self._newest, HEAD_WAIT_S)
        return self

    async def wait_for(self, position: int | None, most_s: float = WAIT_S) -> None:
        """Return once the read models have reached a position; raise UnavailableError `not_yet`."""
        if position is None or self.follower.position >= position:
            return
        reached = asyncio.Event()
        loop = asyncio.get_running_loop()

        def listen(newest: int) -> None:
            if newest >= position:
                loop.call_soon_threadsafe(reached.set)

        with self.follower.listening(listen):
            try:
                if self.follower.position < position:
                    async with without_turn():
                        await asyncio.wait_for(reached.wait(), most_s)
            except TimeoutError as error:
                raise UnavailableError("not_yet", "the read models are not there yet") from error

    @contextmanager
    def streaming(self, moved: asyncio.Event) -> Iterator[None]:
        """Inside the block, set `moved` at every new position and when streams have to end."""
        loop = asyncio.get_running_loop()

        def listen(_: int) -> None:
            loop.call_soon_threadsafe(moved.set)

        self._streams.add(moved)
        try:
            with self.follower.listening(listen):
                yield
        finally:
            self._streams.discard(moved)

    @property
    def streams(self) -> int:
        """How many live streams are open."""
        return len(self._streams)

    def end_streams(self) -> None:
        """Have every live stream end; the server is going down and waits for them."""
        self.closing = True
        for moved in [*self._streams]:
            moved.set()

    def failures(self) -> list[str]:
        """Return why the read models are not fit to be shown; nothing if they are."""
        failure = self.follower.failure
        return [] if failure is None else [f"the read models fail {failure}"]

    def warnings(self, head: int) -> list[str]:
        """Return that the read models are being rebuilt, up to `head`; nothing if they are not."""
        if self.follower.position == 0 and head > 0 and self.follower.failure is None:
            return [f"the read models are being rebuilt, up to {self.follower.folded} so far"]
        if not self.follower.has_caught_up and self.follower.failure is None and head > 0:
            reached = f"{self.follower.folded} of {self.follower.goal}"
            return [f"the read models catch up with the log, {reached} so far"]
        return []
