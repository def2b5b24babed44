"""Probes: does the process answer, should it get requests, and what is wrong with the ledger.

They take no session, have a lane of their own, and are never cached.
"""

from typing import Literal

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation

from ledger.commands.ledger_clock import LedgerClock
from ledger.errors import UnavailableError
from ledger.http.context import FromPublicLog, FromReadModels
from ledger.http.read_models import ReadModels
from ledger.http.security_record import SecurityRecord
from ledger.publish.public_log import PublicLog

# Positions that the read models may lack: some seconds of the most that is committed.
REACH = 10_000
NEVER_CACHED = {"Cache-Control": "no-store"}
Fitness = Literal["ok", "degraded", "failing"]


class Serving:
    """Whether the server is to get requests; it says no before it goes down."""

    def __init__(self) -> None:
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


class ReadyAnswer(msgspec.Struct):
    """Whether requests should be sent here."""

    ready: bool
    reasons: list[NotReadyReason]


class HealthAnswer(msgspec.Struct):
    """Whether the ledger is fit to answer, and what is wrong; degraded answers all the same."""

    status: Fitness
    position: int
    reasons: list[str]


FromClock = NamedDependency[SkipValidation[LedgerClock]]
FromServing = NamedDependency[SkipValidation[Serving]]
FromRecord = NamedDependency[SkipValidation[SecurityRecord]]


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
    models: FromReadModels,
    public: FromPublicLog,
    ledger_clock: FromClock,
    serving: FromServing,
) -> Response[ReadyAnswer]:
    """Tell whether requests should be sent here."""
    reasons = not_ready(models, public, ledger_clock, serving)
    found = ReadyAnswer(not reasons, reasons)
    return Response(found, status_code=503 if reasons else 200, headers=NEVER_CACHED)


@get("/healthz", responses={503: FAILING})
async def healthz(
    models: FromReadModels,
    public: FromPublicLog,
    ledger_clock: FromClock,
    record: FromRecord,
) -> Response[HealthAnswer]:
    """Tell whether the ledger is fit to answer."""
    failures = models.failures() + public.failures()
    problem = ledger_clock.problem()
    if problem is not None:
        failures.append(problem.detail)
    warnings = public.warnings() + record.warnings()
    status: Fitness = "degraded" if warnings else "ok"
    found = HealthAnswer(
        "failing" if failures else status, models.follower.position, failures + warnings
    )
    return Response(found, status_code=503 if failures else 200, headers=NEVER_CACHED)


def not_ready(
    models: ReadModels, public: PublicLog, ledger_clock: LedgerClock, serving: Serving
) -> list[NotReadyReason]:
    """Return why no requests should be sent here; nothing if they should."""
    reasons = []
    if serving.is_ending:
        reasons.append(NotReadyReason("shutting_down", "the server is going down"))
    follower, head = models.follower, public.log.head()
    if follower.failure is not None:
        reasons.append(NotReadyReason("views_failing", f"the read models fail {follower.failure}"))
    elif follower.position == 0 and head > 0:
        detail = f"the read models are being rebuilt, up to {follower.folded} of {head} so far"
        reasons.append(NotReadyReason("views_rebuilding", detail))
    elif head - follower.position > REACH:
        detail = f"the read models are at {follower.position} of {head}"
        reasons.append(NotReadyReason("views_behind", detail))
    try:
        public.publisher.require_sound()
    except UnavailableError as error:
        reasons.append(NotReadyReason(error.code, error.detail))
    problem = ledger_clock.problem()
    if problem is not None:
        reasons.append(NotReadyReason(problem.code, problem.detail))
    return reasons


router = Router("/", route_handlers=[livez, readyz, healthz])
