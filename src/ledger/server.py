"""The server: one running ledger on litestar, from start to shutdown."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, closing
from typing import NamedTuple

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from ledger import __version__
from ledger.commands.founded_state import founded_state
from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.log_keys import LedgerActs
from ledger.commands.people import PeopleCommands
from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Writer
from ledger.data_files import LOST_VIEWS_FILE, VIEWS_FILE
from ledger.http import (
    approvals,
    certificates,
    changes,
    checkpoints,
    evidence,
    mailboxes,
    organisation,
    people,
    probes,
    reads,
    scim,
    service_accounts,
    standing,
    statements,
    webhooks,
)
from ledger.http import log as public_log
from ledger.http import metrics as prometheus
from ledger.http.access_record import AccessRecord
from ledger.http.admission import Admission, ConnectionLimits
from ledger.http.assets import Assets, find_web
from ledger.http.context import Site
from ledger.http.exchange import Exchange, note_route
from ledger.http.exports import Exports
from ledger.http.front import Front, RequestLimits
from ledger.http.head_requests import Application, allow_methods
from ledger.http.headers import encoded_headers, send_security_headers
from ledger.http.lanes import LaneName, default_lanes
from ledger.http.metrics import MeteredParts, Metrics
from ledger.http.open_organisation import open_organisation, start_organisation
from ledger.http.openapi import StrictDocument
from ledger.http.parts import Ledger, dependencies
from ledger.http.passkey_responses import MAX_SMALL_BYTES
from ledger.http.probes import Serving
from ledger.http.problems import EXCEPTION_HANDLERS
from ledger.http.queries import refuse_stray_parameters
from ledger.http.quotas import Quotas
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest, StrictRequest, require_json_from_us
from ledger.http.routes import Routes
from ledger.http.security_record import open_record
from ledger.http.sessions import Sessions
from ledger.http.sign_route import SignRoute
from ledger.http.storage_watch import watch_storage
from ledger.http.streams import EventStreams
from ledger.http.team import ALONE, Team
from ledger.messages.opening import open_messenger
from ledger.messages.outbox import Models
from ledger.pages import ROUTES, Web, for_people, template_config, verifier
from ledger.pages.texts import texts_in
from ledger.publish.public_log import open_public_log
from ledger.settings import Settings
from ledger.store.async_log import AsyncLog
from ledger.store.engines import open_log, open_signer_memory
from ledger.store.log import Log
from ledger.store.starting import starting
from ledger.store.startup_check import require_sound_end
from ledger.system.wall_clock import WallClock
from projections.follower import Follower, Views
from projections.views_ahead import keep_if_ahead

START_WAIT_S = 0.2
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_log = logging.getLogger("ledger")


class Served(NamedTuple):
    """A ledger's front door and application, and what its shutdown needs."""

    front: Front
    application: Litestar
    admission: Admission
    serving: Serving
    end_streams: Callable[[], None]


def build(settings: Settings, wall: WallClock | None = None, team: Team = ALONE) -> Served:
    """Open the ledger of these settings, found it at its first start, and return its server.

    Without `wall` it takes the computer's clock; `team` are the processes of its socket. Raises
    ConflictError `settings_mismatch` if it was founded with other settings, CorruptError as
    `require_sound_end` and `starting`.
    """
    with starting(settings.data, settings.log_address), ExitStack() as opened:
        ledger = _open(settings, wall or WallClock(), opened, team)
        closing_all = opened.pop_all()

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        try:
            ledger.record.start()
            ledger.watch.start()
            ledger.models.follower.start()
            ledger.public.start()
            ledger.messenger.start()
            ledger.metrics.inbox.start()
            start_organisation(ledger.organisation, ledger.models)
            # Wait briefly: unless they have far to go, the first requests find the read models.
            head = ledger.public.log.head()
            await asyncio.to_thread(ledger.models.follower.wait_for, head, START_WAIT_S)
            yield
        finally:
            ledger.metrics.inbox.stop()
            await asyncio.to_thread(closing_all.close)  # the loop answers the running commit

    serving = Serving(ledger.watch, ledger.clock, ledger.commits)
    application = _application(settings, ledger, serving, [lifespan])
    limits = ConnectionLimits(connections_per_address=team.share_of(settings.connections))
    record, lanes = ledger.record, default_lanes(team.share_of)
    refused = record.refused_connection
    admission = Admission(limits, proxies=settings.proxies, refused=refused, holding=team.holding)
    parts = ledger.models, ledger.public, ledger.commits, ledger.clock, record, ledger.watch
    ledger.metrics.collect_from(MeteredParts(admission, lanes, *parts))
    requests = RequestLimits(lanes, ledger.quotas, EventStreams(holding=team.holding))
    front = _front(settings, ledger, application, requests)

    def end_streams() -> None:
        ledger.models.end_streams()
        ledger.exports.end()
        ledger.commits.end()

    return Served(front, application, admission, serving, end_streams)


def _front(
    settings: Settings, ledger: Ledger, application: Litestar, limits: RequestLimits
) -> Front:
    def answered(exchange: Exchange, lane: LaneName | None, duration_s: float) -> None:
        ledger.metrics.answered(exchange, lane, duration_s)
        ledger.record.answered(exchange)

    headers = encoded_headers(settings.origin)
    return Front(
        SignRoute(application, ledger.statements, origin=settings.origin, headers=headers),
        limits=limits,
        proxies=settings.proxies,
        member=ledger.sessions.identify,
        owner_of=ledger.people.keys.owner,
        headers=headers,
        answered=answered,
    )


def _open(settings: Settings, wall: WallClock, opened: ExitStack, team: Team) -> Ledger:
    """Open all parts; `opened` closes them in reverse order.

    Shutdown: streams end, the running commit finishes, the rest of the log is published.
    """
    address = settings.log_address
    store = open_log(address, quorum=settings.needs_quorum, reads=settings.database_reads)
    record = open_record(settings.security_log, team)
    opened.callback(record.stop)
    metrics = Metrics(team)
    log = opened.enter_context(closing(Log(store)))
    with closing(store.tree()) as tree:
        require_sound_end(tree)
    views = opened.enter_context(closing(_views(settings, log)))
    signed = opened.enter_context(closing(open_signer_memory(address, settings.signer_memory)))
    clock = LedgerClock(wall, store.head(), settings.clock_confirmed)
    follower = Follower(views, log)

    def committed(newest: int) -> None:
        models.committed(newest)
        public.publisher.committed(newest)
        messenger.wake()

    def require_sound() -> None:
        public.publisher.require_sound()

    watch = watch_storage(settings, views.file)
    commits = AsyncLog(store, committed, require_sound, metrics.committed, watch.require_files)
    writer = Writer(commits, clock)
    state = founded_state(settings, log, clock.now_ms, opened, tells=team.is_first)
    keys = LedgerActs(log, settings, clock.now_ms).open_log_keys(signed)
    public = open_public_log(settings, log, keys, signed, opened, clock=clock)
    models = ReadModels(views, follower, log, clock.now_ms)
    people = PeopleCommands(writer, state)
    secure = not settings.is_local_http
    organisation = open_organisation(settings, state, writer, clock.steady_ms, opened)
    blocks = organisation.block_news if organisation is not None else None
    read = Models(log, views, follower, clock.steady_ms, lambda: writer.blocked, blocks)
    messenger = open_messenger(settings, read, keys.charter.ledger, opened, texts_in)
    for end in (watch.stop, follower.stop, commits.close, models.end_streams):
        opened.callback(end)
    return Ledger(
        Site(settings, public.keys.charter),
        StatementCommands(writer, state),
        people,
        models,
        public,
        Sessions(state, clock.steady_ms, people.sign_in.is_in_force, organisation, secure=secure),
        AccessRecord(state, clock.now_ms),
        clock,
        commits,
        record,
        metrics,
        Exports(),
        watch,
        Quotas(settings.rate_limit, shared=team.quotas),
        messenger,
        organisation,
    )


def _views(settings: Settings, log: Log) -> Views:
    """Return the read models of a log, which are put aside if they have more than the log."""
    path = settings.data / VIEWS_FILE
    keep_if_ahead(path, log.head(), settings.data / LOST_VIEWS_FILE)
    return Views(path)


def _application(
    settings: Settings, ledger: Ledger, serving: Serving, lifespan: list[Lifespan]
) -> Litestar:
    assets = Assets(find_web())
    web = Web(ledger.site.charter, ledger.models, ledger.sessions, ledger.people, ledger.access)

    # A coroutine, because a function would run in a thread, which costs as much as a signature.
    async def before_api(request: AnyRequest) -> None:
        require_json_from_us(request, settings.origin)
        await refuse_stray_parameters(request)

    api = Routes(
        "/",
        route_handlers=[
            *statements.routes,
            approvals.router,
            *changes.routes,
            evidence.router,
            certificates.router,
            *people.public,
            people.members_only,
            standing.router,
            *service_accounts.routes,
            *reads.routes,
            webhooks.router,
            mailboxes.router,
            organisation.router,
            probes.router,
            prometheus.router,
            checkpoints.router,
            public_log.router,
        ],
        before_request=before_api,
        request_class=StrictRequest,
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_SMALL_BYTES,
    )
    pages = Routes("/", route_handlers=[*ROUTES, verifier()], include_in_schema=False)
    cookie = ledger.sessions.cookie
    session = SecurityScheme(type="apiKey", name=cookie, security_scheme_in="cookie")
    return Application(
        route_handlers=[api, scim.router, assets.router(), pages],
        before_request=refuse_stray_parameters,
        dependencies=dependencies(ledger, serving) | {"web": Provide(web.current)},
        exception_handlers={
            kind: for_people(answer, web) for kind, answer in EXCEPTION_HANDLERS.items()
        },
        lifespan=lifespan,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Ledger",
            version=__version__,
            path="/schema",
            use_handler_docstrings=True,
            components=Components(security_schemes={"session": session}),
            render_plugins=[StrictDocument(path="/openapi.json")],
        ),
        before_send=[send_security_headers(settings.origin), allow_methods, note_route],
        template_config=template_config(assets),
    )
