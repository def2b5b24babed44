"""The application: one running ledger behind litestar, its start and its end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from ledger import __version__
from ledger.commands.founding import found
from ledger.commands.log_keys import Upkeep
from ledger.commands.writer import Writer
from ledger.data_files import LOG_FILE, SESSIONS_FILE, VIEWS_FILE
from ledger.errors import LedgerError
from ledger.http import checkpoints, evidence, people, reads, statements
from ledger.http import log as public_log
from ledger.http.assets import Assets, find_web
from ledger.http.context import COOKIE, AnyRequest, Context, PublicLog
from ledger.http.headers import send_security_headers
from ledger.http.problems import EXCEPTION_HANDLERS, ErrorAnswer
from ledger.http.requests import MAX_SMALL_BYTES, StrictRequest, require_json_from_us
from ledger.pages import ROUTES, error_page, template_config, verifier
from ledger.publish.conflicts import Conflicts
from ledger.publish.publisher import Publisher
from ledger.publish.served import ServedCheckpoint, read_policy
from ledger.publish.stamper import Stamper, open_authority
from ledger.publish.witness_rounds import Witnesses
from ledger.settings import Settings
from ledger.store.log import GroupCommit, Log
from ledger.store.sqlite.endorsements import Endorsements
from ledger.store.sqlite.sessions import OperationalState
from ledger.store.sqlite.signer_state import SignerState
from ledger.store.sqlite.store import SqliteLog
from ledger.store.sqlite.tree import TreeStore
from ledger.store.startup_check import require_sound_end
from projections.follower import Follower, Views

START_WAIT_S = 0.2
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_log = logging.getLogger("ledger")


def build(settings: Settings) -> Litestar:
    """Open the ledger of these settings, founding it at its first start, and return its server.

    Raises ConflictError `settings_mismatch` for a ledger founded with other settings,
    `log_keys_missing` without the keys that it announced, CorruptError as `require_sound_end`.
    """
    store = SqliteLog(settings.data / LOG_FILE)
    # Connections for the publisher's long reads, for requests, and for what witnesses are told.
    trees = (TreeStore(store), TreeStore(store), TreeStore(store))
    require_sound_end(trees[0])
    log = Log(store)
    views = Views(settings.data / VIEWS_FILE)
    follower = Follower(views, log)

    def committed(_: int) -> None:
        follower.wake()
        publisher.wake()

    commits = GroupCommit(store, committed, admit=lambda: publisher.require_sound())
    writer = Writer(log, commits)
    token = found(log, writer, settings)
    if token is not None:
        _log.warning("first administrator, once: open %s", _invitation(settings, token))
    signed = SignerState(settings.log_state)
    keys = Upkeep(log, settings, writer.now_ms).open_log_keys(signed)
    publisher = Publisher(trees[0], signed, keys)
    publisher.open()
    state = OperationalState(settings.data / SESSIONS_FILE)
    endorsements = Endorsements(store)
    quorum = ServedCheckpoint(
        read_policy(settings.witnesses, keys.origin),
        endorsements,
        wait_s=settings.witness_wait_s,
        now_ms=writer.now_ms,
    )
    witnesses = Witnesses(
        quorum,
        trees[2],
        endorsements,
        keys=keys,
        conflicts=Conflicts(settings.data, signed, publisher.look_again),
        now_ms=writer.now_ms,
    )
    stamper = Stamper(
        open_authority(settings),
        trees[2],
        endorsements,
        quorum,
        interval_s=settings.tsa_interval_s,
        now_ms=writer.now_ms,
    )
    public = PublicLog(trees[1], publisher, keys, endorsements, quorum, witnesses, stamper)
    context = Context(settings, log, writer, state, views, follower, public)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        with publisher.listening(lambda _: witnesses.wake()):
            for part in (follower, publisher, witnesses, stamper):
                part.start()
            # Who asks at once shall find the read models there, unless they have far to go.
            await asyncio.to_thread(follower.wait_for, log.head(), START_WAIT_S)
            try:
                yield
            finally:
                context.end_streams()
                commits.close()
                follower.stop()
                views.close()
                for part in (publisher, witnesses, stamper):
                    part.stop()
                for each in (state, signed, endorsements, *trees, log):
                    each.close()

    return _application(settings, context, [lifespan])


def _invitation(settings: Settings, token: str) -> str:
    return f"{settings.origin}/register?invitation={token}"


class _Application(Litestar):
    """Answers HEAD as GET, without a body, which uvicorn leaves out (RFC 9110 section 9.3.2)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # A stream has no end that a HEAD could wait for.
        if scope.get("method") == "HEAD" and scope["path"] != "/api/stream":
            scope = scope | {"method": "GET"}  # a copy: uvicorn goes on knowing that it is a HEAD
        await super().__call__(scope, receive, send)


def _application(settings: Settings, context: Context, lifespan: list[Lifespan]) -> Litestar:
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
        dependencies={
            "context": Provide(lambda: context, sync_to_thread=False),
            "web": Provide(lambda: context, sync_to_thread=False),
        },
        exception_handlers={
            kind: _for_people(answer) for kind, answer in EXCEPTION_HANDLERS.items()
        },
        lifespan=lifespan,
        state=State({"end_streams": context.end_streams}),
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Ledger",
            version=__version__,
            path="/schema",
            use_handler_docstrings=True,
            components=Components(
                security_schemes={
                    "session": SecurityScheme(
                        type="apiKey", name=COOKIE, security_scheme_in="cookie"
                    )
                }
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        before_send=[send_security_headers(settings.origin)],
        template_config=template_config(assets),
    )


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
