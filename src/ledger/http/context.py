"""What every route needs: the running ledger, the person who asks, the position shown."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation

from ledger import clock
from ledger.commands.people import PeopleCommands
from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Writer
from ledger.domain.vocabulary import RegistrationMode
from ledger.errors import MalformedError, UnauthenticatedError, UnavailableError
from ledger.publish.companions import read_stated
from ledger.publish.log_keys import LogKeys
from ledger.publish.publisher import Publisher
from ledger.publish.served import ServedCheckpoint
from ledger.publish.stamper import Stamper
from ledger.publish.witness_rounds import Witnesses
from ledger.settings import Settings
from ledger.store.log import Log
from ledger.store.sqlite.endorsements import Endorsements
from ledger.store.sqlite.sessions import SESSION_MS, OperationalState
from ledger.store.sqlite.tree import TreeStore
from projections import timeline, users
from projections.follower import Follower, Views
from projections.users import User

COOKIE = "ledger_session"
WAIT_S = 2.0

AnyRequest = Request[Any, Any, Any]
At = Annotated[
    str | None,
    QueryParameter(
        name="at",
        pattern=r"^([0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2}))$",
        description="Show the past: as of a position, or of an RFC 3339 time",
    ),
]
MinPosition = Annotated[
    int | None,
    QueryParameter(name="minPosition", ge=0, le=2**53, description="Wait for this position"),
]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=200, description="Items a page")]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=256, description="`next`")]


class PublicLog(NamedTuple):
    """The log as anybody reads it: what is stored, who publishes, signs and witnesses it."""

    tree: TreeStore
    publisher: Publisher
    keys: LogKeys
    endorsements: Endorsements
    quorum: ServedCheckpoint
    witnesses: Witnesses
    stamper: Stamper


class Context:
    """One running ledger, as routes and pages see it."""

    def __init__(
        self,
        settings: Settings,
        log: Log,
        writer: Writer,
        state: OperationalState,
        views: Views,
        follower: Follower,
        published: PublicLog,
    ) -> None:
        self.settings = settings
        self.log = log
        self.writer = writer
        self.state = state
        self.follower = follower
        self.tree = published.tree
        self.publisher = published.publisher
        self.log_keys = published.keys
        self.stated = read_stated(settings.witnesses, settings.tsa_certificates)
        self.endorsements = published.endorsements
        self.quorum = published.quorum
        self.witnesses = published.witnesses
        self.stamper = published.stamper
        self.commands = StatementCommands(writer, state)
        self.people = PeopleCommands(writer, state)
        self.closing = False
        self._streams: set[asyncio.Event] = set()
        self._views = views
        founding = writer.reading().charter()
        self.ledger = founding.ledger
        self.registration: RegistrationMode = founding.registration

    def now(self) -> str:
        """Return the present time as text."""
        return clock.to_text(self.writer.now_ms())

    @contextmanager
    def views(self, at: int | str | None = None) -> Iterator[tuple[sqlite3.Connection, int]]:
        """Open the read models at one position: the newest, an earlier one, or that of a time.

        Raises MalformedError `position_future`.
        """
        with self._views.reader() as db:
            newest = self._views.position(db)
            if isinstance(at, str):
                if at > self.now():
                    raise MalformedError("position_future", "that time is yet to come")
                at = timeline.position_at(db, at, newest=newest)
            if at is not None and at > newest:
                raise MalformedError("position_future", f"the newest position is {newest}")
            yield db, newest if at is None else at

    def time_of(self, db: sqlite3.Connection, at: int | str | None) -> str:
        """Return the time at which a view is shown: now, a past one, or an earlier entry's."""
        if isinstance(at, str):
            return at
        return self.now() if at is None else timeline.time_of(db, at)

    async def wait_for(self, position: int | None) -> None:
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
                    await asyncio.wait_for(reached.wait(), WAIT_S)
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

    def end_streams(self) -> None:
        """Have every live stream end; the server is going down and waits for them."""
        self.closing = True
        for moved in [*self._streams]:
            moved.set()

    def failures(self) -> list[str]:
        """Return why the ledger is not fit to answer; nothing if it is."""
        return self._views_failures() + self.publisher.reasons() + self.witnesses.alarms()

    def warnings(self) -> list[str]:
        """Return what needs the operator while the ledger answers all the same."""
        return self.witnesses.warnings() + self.stamper.warnings()

    def _views_failures(self) -> list[str]:
        if self.follower.failure is not None:
            return [f"the read models stopped: {self.follower.failure}"]
        if self.follower.position == 0 and self.log.head() > 0:
            return [f"the read models are being made again, up to {self.follower.folded} so far"]
        return []

    # --- sessions --------------------------------------------------------------------------------

    def session_id(self, request: AnyRequest) -> str | None:
        """Return the id of the signed-in person, None for anybody else."""
        token = request.cookies.get(COOKIE)
        if token is None:
            return None
        return self.state.session_user(token, now_ms=self.writer.now_ms())

    def session_user(self, request: AnyRequest) -> User | None:
        """Return the signed-in person as the read models know them."""
        user = self.session_id(request)
        if user is None:
            return None
        with self.views() as (db, at):
            return users.by_id(db, user, at=at, now=self.now())

    def require_session(self, request: AnyRequest) -> str:
        """Return the signed-in person's id; raise UnauthenticatedError `sign_in_required`."""
        user = self.session_id(request)
        if user is None:
            raise UnauthenticatedError("sign_in_required", "sign in first")
        return user

    def session_cookie(self, user: str) -> Cookie:
        """Open a session and return its cookie."""
        token = self.state.open_session(user, now_ms=self.writer.now_ms())
        return self._cookie(token, SESSION_MS // 1000)

    def end_session(self, request: AnyRequest) -> Cookie:
        """End the request's session, if any, and return the cookie that removes it."""
        token = request.cookies.get(COOKIE)
        if token is not None:
            self.state.close_session(token)
        return self._cookie("", 0)

    def _cookie(self, value: str, max_age_s: int) -> Cookie:
        return Cookie(
            key=COOKIE,
            value=value,
            max_age=max_age_s,
            path="/",
            httponly=True,
            samesite="strict",
            secure=not self.settings.is_local,
        )


FromContext = NamedDependency[SkipValidation[Context]]
SignedIn = NamedDependency[SkipValidation[str]]


def signed_in(request: AnyRequest, context: FromContext) -> str:
    """Provide the signed-in person's id to a route; anybody else is refused."""
    return context.require_session(request)


class Paging(msgspec.Struct, frozen=True):
    """Which part of a list."""

    limit: int
    cursor: str | None


async def moment(
    context: FromContext, at: At = None, min_position: MinPosition = None
) -> int | str | None:
    """Provide what to show, once `minPosition` is reached: a position, a time, None for now.

    Raises MalformedError `time_invalid`.
    """
    await context.wait_for(min_position)
    if at is None or at.isdigit():
        return None if at is None else int(at)
    return clock.from_rfc3339(at)


def paging(limit: Limit = 50, cursor: Cursor = None) -> Paging:
    """Provide which part of a list to show."""
    return Paging(limit, cursor)


Moment = NamedDependency[SkipValidation[int | str | None]]
FromPaging = NamedDependency[SkipValidation[Paging]]
# What the OpenAPI document says of routes for the signed-in.
BY_SESSION: list[dict[str, list[str]]] = [{"session": []}]
READING = {"moment": Provide(moment), "paging": Provide(paging, sync_to_thread=False)}
MEMBERS = READING | {"user": Provide(signed_in, sync_to_thread=False)}
