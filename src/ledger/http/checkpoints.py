"""Routes of checkpoints: as they were published, with what others have signed of them."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from ledger.encoding import b64_encode
from ledger.errors import NotFoundError, UnavailableError
from ledger.http.context import FromPublicLog, Limit
from ledger.http.headers import FOR_EVER, FRESH
from ledger.http.problems import answers
from ledger.http.routes import Routes
from ledger.publish.public_log import PublicLog
from ledger.store.ports.endorsements import Stamp
from ledger.store.ports.tree import Published
from ledger.timestamp.verify import RESPONSE_TYPE as STAMP
from ledger.tlog.checkpoint import parse_number
from ledger.tlog.merkle import MAX_SIZE

TEXT = "text/plain"  # the framework adds charset=utf-8

After = Annotated[int, QueryParameter(name="after", ge=0, le=MAX_SIZE, description="`next`")]


class CheckpointItem(msgspec.Struct, rename="camel"):
    """One published checkpoint; its note is at /log/checkpoints/{size}."""

    size: int
    root: str
    published_at: str
    stamped_at: str | None


class CheckpointList(msgspec.Struct):
    """Checkpoints, smallest first; `next` is the `after` of the next page."""

    items: list[CheckpointItem]
    next: int | None


def described(media_type: str, *problems: int) -> dict[int, ResponseSpec]:
    """Describe a route that answers bytes, for OpenAPI."""
    found = ResponseSpec(bytes, media_type=media_type, description="OK", generate_examples=False)
    return {200: found} | answers(*problems)


@get("/log/checkpoint", media_type=TEXT, responses=described(TEXT, 503), sync_to_thread=True)
def newest_checkpoint(public: FromPublicLog) -> Response[bytes]:
    """Return the newest checkpoint, with its cosignatures.

    If the policy asks for a quorum, it is the newest one that the quorum cosigned, or the newest
    that has waited for it long enough.
    """
    return _note(public, newest(public), FRESH)


@get("/log/checkpoints", response_headers=FRESH, responses=answers(503), sync_to_thread=True)
def list_checkpoints(public: FromPublicLog, after: After = 0, limit: Limit = 100) -> CheckpointList:
    """List every checkpoint that was ever published, smallest first."""
    found = public.tree.checkpoints(after, limit + 1)
    times = public.endorsements.stamped(after, found[-1].size) if found else {}
    items = [
        CheckpointItem(c.size, b64_encode(c.root), c.published_at, times.get(c.size))
        for c in found[:limit]
    ]
    return CheckpointList(items, items[-1].size if len(found) > limit else None)


@get(
    "/log/checkpoints/{size:str}",
    media_type=TEXT,
    responses=described(TEXT, 404),
    sync_to_thread=True,
)
def one_checkpoint(size: FromPath[str], public: FromPublicLog) -> Response[bytes]:
    """Return the checkpoint of a size, as it was published, with its cosignatures."""
    return _note(public, published(public, number(size)), lasting(public))


@get(
    "/log/checkpoints/{size:str}/stamp",
    media_type=STAMP,
    responses=described(STAMP, 404),
    sync_to_thread=True,
)
def stamp(size: FromPath[str], public: FromPublicLog) -> Response[bytes]:
    """Return the newest RFC 3161 time-stamp of a checkpoint: a response, as it was received."""
    found = _stamp(public, number(size))
    return Response(found.token, media_type=STAMP, headers=FRESH)


@get(
    "/log/checkpoints/{size:str}/stamped",
    media_type=TEXT,
    responses=described(TEXT, 404),
    sync_to_thread=True,
)
def stamped(size: FromPath[str], public: FromPublicLog) -> Response[bytes]:
    """Return the bytes that the time-stamp is of: the checkpoint as its text was then."""
    return Response(_stamp(public, number(size)).note, media_type=TEXT, headers=FRESH)


def _stamp(public: PublicLog, size: int) -> Stamp:
    found = public.endorsements.last_stamp(size)
    if found is None:
        raise NotFoundError("stamp_unknown", "no checkpoint of this size was time-stamped")
    return found


def _note(public: PublicLog, found: Published, headers: dict[str, str]) -> Response[bytes]:
    return Response(public.endorsements.note(found), media_type=TEXT, headers=headers)


def lasting(public: PublicLog) -> dict[str, str]:
    """Return how long a checkpoint can be kept: while witnesses are asked, lines may be added."""
    return FRESH if public.witnesses.asks else FOR_EVER


def newest(public: PublicLog) -> Published:
    """Return the checkpoint to show as the newest; raise UnavailableError `not_yet`."""
    found = public.quorum.served(public.tree)
    if found is None:
        raise UnavailableError("not_yet", "the log has no checkpoint yet")
    return found


def published(public: PublicLog, size: int) -> Published:
    """Return the checkpoint of a size; raise NotFoundError `checkpoint_unknown`."""
    found = public.tree.checkpoint(size)
    if found is None:
        raise NotFoundError("checkpoint_unknown", "no checkpoint of this size was published")
    return found


def number(text: str) -> int:
    """Return a size or index of an address; raise MalformedError `request_invalid`."""
    return parse_number(text, "request_invalid")


router = Routes(
    "/",
    route_handlers=[newest_checkpoint, list_checkpoints, one_checkpoint, stamp, stamped],
    tags=["log"],
)
