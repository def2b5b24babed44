"""Probes: does the process answer, should it get requests, and what is wrong with the ledger.

They take no session, have a lane of their own, and are never cached. They answer also when the
storage fails: an error that a probe meets is one of its reasons. They read
the log in a thread of their own, for a bounded time: a slow disk stops neither the event loop nor
them.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation

from ledger.commands.ledger_clock import LedgerClock
from ledger.errors import LedgerError, UnavailableError
from ledger.http.context import (
    FromMessenger,
    FromOrganisation,
    FromPublicLog,
    FromReadModels,
    FromRecord,
)
from ledger.http.read_models import ReadModels
from ledger.http.routes import Routes
from ledger.http.storage_watch import StorageWatch
from ledger.publish.public_log import PublicLog
from ledger.store.async_log import AsyncLog

# Positions that the read models may lack: some seconds of the most that is committed.
REACH = 10_000
PATIENCE_S = 1.0  # a probe has usually a few seconds
NEVER_CACHED = {"Cache-Control": "no-store"}
Fitness = Literal["ok", "degraded", "failing"]
T = TypeVar("T")
_ADDRESS = re.compile(r"\bhttps?://\S+: ")
_SLOW = f"the log does not answer within {PATIENCE_S:.0f} s"
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="probes")


class Serving:
    """Whether the server is to get requests; it says no before it goes down."""

    def __init__(self, watch: StorageWatch, clock: LedgerClock, commits: AsyncLog) -> None:
        self.watch = watch
        self.commits = commits
        self.clock = clock
        self.is_ending = False

    def end(self) -> None:
        """Say that the server goes down; callable from a signal handler."""
        self.is_ending = True


class Alive(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"] = "ok"


class NotReadyReason(msgspec.Struct):
    """Why no requests should be sent here; `code` is stable."""

    code: str
    detail: str


_TOO_SLOW = NotReadyReason("storage_failed", _SLOW)


class ReadyAnswer(msgspec.Struct):
    """Whether requests should be sent here."""

    ready: bool
    reasons: list[NotReadyReason]


class HealthAnswer(msgspec.Struct):
    """Whether the ledger is fit to answer, and what is wrong; degraded answers all the same."""

    status: Fitness
    position: int
    reasons: list[str]


FromServing = NamedDependency[SkipValidation[Serving]]


@get("/livez")
async def livez() -> Response[Alive]:
    """Tell that the process answers."""
    return Response(Alive(), headers=NEVER_CACHED)


NOT_READY = ResponseSpec(
    ReadyAnswer, description="Requests should go elsewhere", generate_examples=False
)
FAILING = ResponseSpec(HealthAnswer, description="The ledger is not fit", generate_examples=False)


@get("/readyz", responses={503: NOT_READY})
async def readyz(
    models: FromReadModels, public: FromPublicLog, serving: FromServing
) -> Response[ReadyAnswer]:
    """Tell whether requests should be sent here."""
    problem = serving.clock.problem()
    reasons = await _apart(lambda: not_ready(models, public, serving, problem), [_TOO_SLOW])
    found = ReadyAnswer(not reasons, reasons)
    return Response(found, status_code=503 if reasons else 200, headers=NEVER_CACHED)


@get("/healthz", responses={503: FAILING})
async def healthz(
    models: FromReadModels,
    public: FromPublicLog,
    record: FromRecord,
    messenger: FromMessenger,
    organisation: FromOrganisation,
    serving: FromServing,
) -> Response[HealthAnswer]:
    """Tell whether the ledger is fit to answer."""
    failures = [*_told(models.failures), *_told(public.failures), *serving.watch.failures()]
    from_log = await _apart(lambda: _of_the_log(models, public), None)
    if from_log is None:
        failures.append(_SLOW)
    unwritable = await _apart(lambda: _not_writable(serving), [_TOO_SLOW])
    failures += [each.detail for each in unwritable if each.detail not in failures]
    problem = serving.clock.problem()
    if problem is not None:
        failures.append(problem.detail)
    warnings = [*(from_log or ()), *record.warnings(), *serving.watch.warnings()]
    warnings += messenger.warnings()
    warnings += [] if organisation is None else organisation.warnings()
    status: Fitness = "degraded" if warnings else "ok"
    reasons = [without_addresses(each) for each in failures + warnings]
    found = HealthAnswer("failing" if failures else status, models.follower.position, reasons)
    return Response(found, status_code=503 if failures else 200, headers=NEVER_CACHED)


async def _apart(ask: Callable[[], T], slow: T) -> T:
    """Return what is asked in the probes' thread, or `slow` if it takes too long."""
    asked = asyncio.get_running_loop().run_in_executor(_THREAD, ask)
    try:
        return await asyncio.wait_for(asked, PATIENCE_S)
    except TimeoutError:
        return slow


def _of_the_log(models: ReadModels, public: PublicLog) -> list[str] | None:
    """Return the warnings that need a look into the log."""
    return [*_told(lambda: models.warnings(public.log.head())), *_told(public.warnings)]


def without_addresses(reason: str) -> str:
    """Return a reason without the addresses of peers: everybody may read it, and they are inner."""
    return _ADDRESS.sub("", reason)


def _told(ask: Callable[[], list[str]]) -> list[str]:
    """Return what a part says is wrong, or the error that it met."""
    try:
        return ask()
    except LedgerError as error:
        return [f"the log cannot be read: {error}"]


def not_ready(
    models: ReadModels, public: PublicLog, serving: Serving, problem: LedgerError | None
) -> list[NotReadyReason]:
    """Return why no requests should be sent here; nothing if they should.

    `problem` is the clock's, which only the event loop may ask.
    """
    reasons = []
    if serving.is_ending:
        reasons.append(NotReadyReason("shutting_down", "the server is going down"))
    follower = models.follower
    try:
        head = public.log.head()
    except LedgerError as error:
        code = error.code if error.code == "database_changed" else "storage_failed"
        reasons.append(NotReadyReason(code, f"the log cannot be read: {error}"))
        head = follower.position
    else:
        reasons += _not_writable(serving)
    if follower.failure is not None:
        reasons.append(NotReadyReason("views_failing", f"the read models fail {follower.failure}"))
    elif follower.position == 0 and head > 0:
        detail = f"the read models are being rebuilt, up to {follower.folded} of {head} so far"
        reasons.append(NotReadyReason("views_rebuilding", detail))
    elif head - follower.position > REACH or not follower.has_caught_up:
        detail = f"the read models are at {follower.position} of {head}"
        reasons.append(NotReadyReason("views_behind", detail))
    reasons += [NotReadyReason("storage_lost", text) for text in serving.watch.failures()]
    try:
        public.publisher.require_sound()
    except UnavailableError as error:
        reasons.append(NotReadyReason(error.code, error.detail))
    if problem is not None:
        reasons.append(NotReadyReason(problem.code, problem.detail))
    return reasons


def _not_writable(serving: Serving) -> list[NotReadyReason]:
    try:
        serving.commits.require_writable()
    except UnavailableError as error:
        return [NotReadyReason(error.code, f"nothing is stored: {error.detail}")]
    return []


router = Routes("/", route_handlers=[livez, readyz, healthz])
