"""The application: one running ledger served by litestar, its start and its end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, closing
from typing import Any, NamedTuple

from litestar import Litestar, Response, Router
from litestar.di import Provide
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from ledger import __version__
from ledger.commands.founding import found
from ledger.commands.log_keys import Upkeep
from ledger.commands.people import PeopleCommands
from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Writer
from ledger.data_files import LOG_FILE, SESSIONS_FILE, VIEWS_FILE
from ledger.errors import LedgerError
from ledger.http import checkpoints, evidence, people, reads, statements
from ledger.http import log as public_log
from ledger.http.assets import Assets, find_web
from ledger.http.context import Site
from ledger.http.exports import Exports
from ledger.http.front import Front
from ledger.http.headers import encoded_headers, send_security_headers
from ledger.http.lanes import default_lanes
from ledger.http.problems import EXCEPTION_HANDLERS, ErrorAnswer
from ledger.http.read_models import ReadModels
from ledger.http.requests import (
    MAX_SMALL_BYTES,
    AnyRequest,
    StrictRequest,
    require_json_from_us,
)
from ledger.http.sessions import Sessions
from ledger.pages import ROUTES, Web, error_page, template_config, verifier
from ledger.publish.public_log import PublicLog, open_public_log
from ledger.settings import Settings
from ledger.store.log import GroupCommit, Log
from ledger.store.sqlite.sessions import OperationalState
from ledger.store.sqlite.signer_state import SignerState
from ledger.store.sqlite.store import SqliteLog
from ledger.store.sqlite.tree import TreeStore
from ledger.store.startup_check import require_sound_end
from projections.follower import Follower, Views

START_WAIT_S = 0.2
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_log = logging.getLogger("ledger")


class Served(NamedTuple):
    """The server of a ledger: its front door, the application in it, and the end of its streams."""

    front: Front
    application: Litestar
    end_streams: Callable[[], None]


class Ledger(NamedTuple):
    """One running ledger, by what its parts are for."""

    site: Site
    statements: StatementCommands
    people: PeopleCommands
    models: ReadModels
    public: PublicLog
    sessions: Sessions
    exports: Exports

    def end_streams(self) -> None:
        """End what has no end of its own soon: live streams and exports."""
        self.models.end_streams()
        self.exports.end()


def build(settings: Settings) -> Served:
    """Open the ledger of these settings, founding it at its first start, and return its server.

    Raises ConflictError `settings_mismatch` for a ledger founded with other settings,
    `log_keys_missing` without the keys that it announced, CorruptError as `require_sound_end`.
    """
    with ExitStack() as opened:
        ledger = _open(settings, opened)
        closing_all = opened.pop_all()

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        with closing_all:
            ledger.models.follower.start()
            ledger.public.start()
            # Who asks at once shall find the read models there, unless they have far to go.
            head = ledger.public.log.head()
            await asyncio.to_thread(ledger.models.follower.wait_for, head, START_WAIT_S)
            yield

    application = _application(settings, ledger, [lifespan])
    front = Front(
        application,
        lanes=default_lanes(),
        proxies=settings.proxies,
        is_member=ledger.sessions.is_member,
        headers=encoded_headers(settings.origin),
    )
    return Served(front, application, ledger.end_streams)


def _open(settings: Settings, opened: ExitStack) -> Ledger:
    """Open all parts; `opened` closes them in the opposite order.

    At the end: streams end, the commit under way finishes, the read models stop, the rest is
    published, and the files are closed.
    """
    store = SqliteLog(settings.data / LOG_FILE)
    log = opened.enter_context(closing(Log(store)))
    with closing(TreeStore(store)) as tree:
        require_sound_end(tree)
    views = Views(settings.data / VIEWS_FILE)
    opened.callback(views.close)
    signed = opened.enter_context(closing(SignerState(settings.log_state)))
    state = opened.enter_context(closing(OperationalState(settings.data / SESSIONS_FILE)))
    follower = Follower(views, log)

    def committed(_: int) -> None:
        follower.wake()
        public.publisher.wake()

    commits = GroupCommit(store, committed, admit=lambda: public.publisher.require_sound())
    writer = Writer(log, commits)
    token = found(log, writer, settings)
    if token is not None:
        _log.warning("first administrator, once: open %s", _invitation(settings, token))
    keys = Upkeep(log, settings, writer.now_ms).open_log_keys(signed)
    public = open_public_log(settings, log, keys, signed, opened, now_ms=writer.now_ms)
    models = ReadModels(views, follower, log, writer.now_ms)
    for end in (follower.stop, commits.close, models.end_streams):
        opened.callback(end)
    return Ledger(
        Site(settings, writer.reading().charter()),
        StatementCommands(writer, state),
        PeopleCommands(writer, state),
        models,
        public,
        Sessions(state, writer.now_ms, secure=not settings.is_local),
        Exports(),
    )


def _invitation(settings: Settings, token: str) -> str:
    return f"{settings.origin}/register?invitation={token}"


class _Application(Litestar):
    """Answers HEAD as GET, without a body, which uvicorn leaves out (RFC 9110 section 9.3.2)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # A stream has no end that a HEAD could wait for.
        if scope.get("method") == "HEAD" and scope["path"] != "/api/stream":
            scope = scope | {"method": "GET"}  # a copy: uvicorn goes on knowing that it is a HEAD
        await super().__call__(scope, receive, send)


def _application(settings: Settings, ledger: Ledger, lifespan: list[Lifespan]) -> Litestar:
    assets = Assets(find_web())
    limit = RateLimitConfig(rate_limit=("minute", settings.rate_limit))

    # A coroutine: the framework runs a plain function in a thread, at the price of a verification.
    async def before_api(request: AnyRequest) -> None:
        require_json_from_us(request, settings.origin)

    api = Router(
        "/",
        route_handlers=[
            statements.router,
            statements.reads,
            evidence.router,
            Router("/", route_handlers=people.begun_by_strangers, middleware=[limit.middleware]),
            *people.public,
            people.members_only,
            reads.public,
            reads.members_only,
            checkpoints.router,
            public_log.router,
        ],
        before_request=before_api,
        request_class=StrictRequest,
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_SMALL_BYTES,
    )
    pages = Router("/", route_handlers=[*ROUTES, verifier()], include_in_schema=False)
    return _Application(
        route_handlers=[api, assets.router(), pages],
        dependencies=_dependencies(ledger),
        exception_handlers={
            kind: _for_people(answer) for kind, answer in EXCEPTION_HANDLERS.items()
        },
        lifespan=lifespan,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Ledger",
            version=__version__,
            path="/schema",
            use_handler_docstrings=True,
            components=Components(
                security_schemes={
                    "session": SecurityScheme(
                        type="apiKey", name=ledger.sessions.cookie, security_scheme_in="cookie"
                    )
                }
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        before_send=[send_security_headers(settings.origin)],
        template_config=template_config(assets),
    )


def _dependencies(ledger: Ledger) -> dict[str, Provide]:
    """Return the parts under the names by which routes ask for them."""
    web = Web(ledger.site.charter, ledger.models, ledger.sessions)
    return {
        "site": Provide(lambda: ledger.site, sync_to_thread=False),
        "commands": Provide(lambda: ledger.statements, sync_to_thread=False),
        "people": Provide(lambda: ledger.people, sync_to_thread=False),
        "models": Provide(lambda: ledger.models, sync_to_thread=False),
        "public": Provide(lambda: ledger.public, sync_to_thread=False),
        "sessions": Provide(lambda: ledger.sessions, sync_to_thread=False),
        "exports": Provide(lambda: ledger.exports, sync_to_thread=False),
        "web": Provide(lambda: web, sync_to_thread=False),
    }


def _for_people(answer: ErrorAnswer) -> ErrorAnswer:
    """Return an error's answer as a page where a browser asks for one."""

    def answer_people(request: AnyRequest, error: Exception) -> Response[Any]:
        problem = answer(request, error)
        if "text/html" not in request.headers.get("accept", ""):
            return problem
        detail = error.detail if isinstance(error, LedgerError) else ""
        page = error_page(problem.status_code or 500, detail)
        page.headers.update(problem.headers)
        return page

    return answer_people
