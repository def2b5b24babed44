"""What the server tells a monitoring system, in the text format of Prometheus.

docs/reference/metrics.md lists every metric. Labels are templates of routes, methods, statuses,
codes, lanes and event types: a closed set each, no person and no address. What a part counts anyway
is read when somebody asks; only requests and commits are counted here as they happen.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import SkipValidation
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ledger.commands.ledger_clock import LedgerClock
from ledger.errors import LedgerError
from ledger.http.admission import Admission
from ledger.http.context import FromSite
from ledger.http.exchange import OK, Exchange
from ledger.http.lanes import LaneName, Lanes
from ledger.http.read_models import ReadModels
from ledger.http.recorded_routes import CEREMONIES
from ledger.http.refusal import METHODS, REFUSALS
from ledger.http.requests import AnyRequest
from ledger.http.routes import Routes
from ledger.http.security_record import SecurityRecord
from ledger.http.storage_watch import StorageWatch
from ledger.http.team import ALONE, Team
from ledger.http.team_metrics import Inbox
from ledger.publish.public_log import PublicLog
from ledger.settings import LOOPBACK, Settings
from ledger.store.async_log import AsyncLog, CommitTimes
from ledger.system.client_address import is_within, parse_networks

MEDIA_TYPE = "text/plain; version=0.0.4"  # the framework adds the charset
# Each series would come with a second one of when it began, which Prometheus has no use for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # as the library has it
UNROUTED = "unrouted"
_LOOPBACK = parse_networks(LOOPBACK)
REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
HEAD_S = 0.3  # other workers wait half a second for these numbers
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="metrics")


class MeteredParts(NamedTuple):
    """The parts of a running ledger that are asked for their numbers."""

    admission: Admission
    lanes: Lanes
    models: ReadModels
    public: PublicLog
    commits: AsyncLog
    clock: LedgerClock
    record: SecurityRecord
    watch: StorageWatch


class Metrics:
    """The metrics of one process, in a registry of their own, and of the other workers."""

    def __init__(self, team: Team = ALONE) -> None:
        self.registry = CollectorRegistry()
        self.inbox = Inbox(team.metrics, team.number, partial(generate_latest, self.registry))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "ledger_requests",
            "Answered requests",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "ledger_request_duration_seconds",
            "Time from a request's head to the end of its answer",
            ("lane",),
            buckets=REQUEST_S,
            registry=self.registry,
        )
        self._refusals = Counter(
            "ledger_refusals",
            "Refused requests, by the code of the answer",
            ("code",),
            registry=self.registry,
        )
        self._ceremonies = Counter(
            "ledger_ceremonies",
            "Ended ceremonies",
            ("ceremony", "outcome"),
            registry=self.registry,
        )
        self._events = Counter(
            "ledger_events", "Events appended by this process", ("type",), registry=self.registry
        )
        self._commit = Histogram(
            "ledger_commit_duration_seconds",
            "Time of one group commit, its synchronization to the disk included",
            buckets=COMMIT_S,
            registry=self.registry,
        )
        self._sync = Histogram(
            "ledger_fsync_duration_seconds",
            "Time of the COMMIT alone, most of which is the synchronization to the disk",
            buckets=COMMIT_S,
            registry=self.registry,
        )
        # Looking a child up by its labels costs more than counting.
        self._answered: dict[tuple[str, str | None, int], Counter] = {}
        self._by_lane = {lane: self._seconds.labels(lane.value) for lane in LaneName}

    def collect_from(self, parts: MeteredParts) -> None:
        """Add what the parts count by themselves."""
        self.registry.register(_Numbers(parts))

    def answered(self, exchange: Exchange, lane: LaneName | None, duration_s: float) -> None:
        """Count one answer; a request that was refused at the front door has had no lane."""
        key = (exchange.method, exchange.route, exchange.status)
        child = self._answered.get(key)
        if child is None:
            method = exchange.method if exchange.method in _METHODS else "other"
            route = exchange.route or UNROUTED
            child = self._requests.labels(method, route, str(exchange.status))
            if exchange.method in _METHODS:  # a client may invent any number of others
                self._answered[key] = child
        child.inc()
        if lane is not None:
            self._by_lane[lane].observe(duration_s)
        if exchange.status >= 400 and exchange.code != OK:  # a probe that says no refuses nothing
            self._refusals.labels(exchange.code).inc()
        purpose = CEREMONIES.get(exchange.name or "")
        if purpose is not None:
            outcome = "completed" if exchange.status < 400 else "refused"
            self._ceremonies.labels(purpose, outcome).inc()

    def committed(self, times: CommitTimes) -> None:
        """Count one group commit and the events that it appended."""
        self._commit.observe(times.commit_s)
        if times.sync_s is not None:
            self._sync.observe(times.sync_s)
        for tag, count in times.events.items():
            self._events.labels(tag).inc(count)


_METHODS = frozenset(METHODS.split(", "))


class _Numbers(Collector):
    """Asks the parts, when somebody asks for the metrics."""

    def __init__(self, parts: MeteredParts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield the present numbers."""
        parts = self._parts
        yield from self._of_connections()
        yield from self._of_the_log()
        at_work = {name.value: lane.at_work for name, lane in parts.lanes.items()}
        waiting = {name.value: lane.waiting for name, lane in parts.lanes.items()}
        yield _by("ledger_lane_at_work", "Requests being answered", "lane", at_work)
        yield _by("ledger_lane_waiting", "Requests that wait for their turn", "lane", waiting)
        yield _gauge("ledger_streams", "Open live streams", parts.models.streams)
        record = parts.record
        yield _counter("ledger_security_lines", "Lines of the security record", record.written)
        yield _counter(
            "ledger_security_dropped", "Lines that the security record dropped", record.dropped
        )

    def _of_connections(self) -> Iterator[Metric]:
        admission = self._parts.admission
        yield _gauge("ledger_connections", "Open connections", admission.connections)
        yield _gauge("ledger_bodies_bytes", "Bodies of unanswered requests", admission.bodies_bytes)
        refused = CounterMetricFamily(
            "ledger_connection_refusals",
            "Requests and connections refused before the application, by the code of the answer",
            labels=("code",),
        )
        by_code = {REFUSALS[status][0]: n for status, n in [*admission.refused.items()]}
        for code in sorted({code for code, _ in REFUSALS.values()}):
            refused.add_metric((code,), by_code.get(code, 0))
        yield refused

    def _of_the_log(self) -> Iterator[Metric]:
        parts, public = self._parts, self._parts.public
        # The followers first: the head that is read after them is not below them.
        folded, published = parts.models.follower.position, public.publisher.size
        head = _head(public)  # the other numbers are needed most while the log cannot be read
        yield _gauge("ledger_log_readable", "0 while the log cannot be read", head is not None)
        if head is not None:
            yield _gauge("ledger_log_positions", "The newest position of the log", head)
            yield _gauge(
                "ledger_follower_lag_positions",
                "Positions that the read models lack",
                head - folded,
            )
            yield _gauge(
                "ledger_publication_lag_positions",
                "Positions that no checkpoint of this process covers",
                head - published,
            )
        yield _gauge("ledger_commit_queue", "Writes that wait for a commit", parts.commits.queued)
        yield _gauge(
            "ledger_unpublished_age_seconds",
            "Age of the oldest entry that no checkpoint covers",
            public.publisher.tail_age_s(),
        )
        watch = parts.watch
        sizes = watch.wal_bytes()
        yield _by("ledger_wal_bytes", "Size of the write-ahead log of a file", "file", sizes)
        yield _gauge("ledger_wal_large", "Write-ahead logs too large for long", watch.large_wals)
        yield _gauge("ledger_files_lost", "Open files that were deleted", watch.lost_files)
        failing = {
            "follower": parts.models.follower.failure is not None,
            "publisher": public.publisher.failure is not None,
        }
        yield _by("ledger_worker_failing", "1 while it retries or has stopped", "worker", failing)
        yield _gauge(
            "ledger_clock_step_seconds",
            "How far the computer's clock was stepped since the start",
            parts.clock.step_s,
        )
        yield _counter(
            "ledger_witness_failures", "Failed requests to witnesses", public.witnesses.failures
        )
        yield _counter("ledger_stamp_failures", "Failed time-stamps", public.stamper.failures)


def _head(public: PublicLog) -> int | None:
    """Return the newest position; None for a log that cannot be read, or not soon enough."""
    asked = _THREAD.submit(public.log.head)
    try:
        return asked.result(HEAD_S)
    except (LedgerError, TimeoutError):
        asked.cancel()
        return None


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), number)
    return family


FromMetrics = NamedDependency[SkipValidation[Metrics]]


@get("/metrics", include_in_schema=False)
async def metrics(request: AnyRequest, metrics: FromMetrics, site: FromSite) -> Response[bytes]:
    """Return every metric to a client in the networks of the settings; others find nothing here."""
    if not _may_read(request, site.settings):
        raise NotFoundException
    return Response(
        await metrics.inbox.collect(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"}
    )


def _may_read(request: AnyRequest, settings: Settings) -> bool:
    """Tell whether the client's own address is known and is in the networks of the settings.

    The address of a proxy is nobody's: a proxy that names no client would make everybody local. A
    loopback address means this machine only if no header named it, because a client can write
    that header and a proxy can pass it on.
    """
    client = request.client
    if client is None or is_within(client.host, settings.proxies):
        return False
    if "x-forwarded-for" in request.headers and is_within(client.host, _LOOPBACK):
        return False
    return is_within(client.host, settings.metrics)


router = Routes("/", route_handlers=[metrics])
