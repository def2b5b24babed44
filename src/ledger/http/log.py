"""Routes of the public log: tiles, entries, proofs, keys (C2SP tlog-tiles under /log).

Nothing beyond the newest published size is served, and nothing that was ever served goes away.
"""

import asyncio
import gzip
import re
import time
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from ledger.encoding import b64_encode
from ledger.errors import MalformedError, NotFoundError, UnavailableError
from ledger.http.checkpoints import (
    TEXT,
    described,
    lasting,
    newest,
    number,
    published,
)
from ledger.http.context import FromPublicLog
from ledger.http.headers import FOR_EVER, FRESH
from ledger.http.lanes import without_turn
from ledger.http.problems import answers
from ledger.http.read_models import WAIT_S
from ledger.http.requests import AnyRequest
from ledger.http.routes import Routes
from ledger.jose import PublicJwk
from ledger.publish.public_log import PublicLog
from ledger.store.ports.tree import Published
from ledger.tlog import checkpoint, tiles
from ledger.tlog.merkle import MAX_SIZE, WIDTH, Prover

OCTETS = "application/octet-stream"
QUORUM_POLL_S = 0.02  # the first time; then twice as long each time
ENTRIES = "entries"
_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[0-9.]+\s*)?(?:,|$)", re.I)

Size = Annotated[
    int | None, QueryParameter(name="size", ge=1, le=MAX_SIZE, description="A published size")
]
From = Annotated[int, QueryParameter(name="from", ge=0, le=MAX_SIZE, description="The older size")]
To = Annotated[
    int | None, QueryParameter(name="to", ge=0, le=MAX_SIZE, description="The newer; the newest")
]


class Consistency(msgspec.Struct, rename="camel"):
    """Two trees of this log and the proof that the older is the beginning of the newer."""

    from_size: int = msgspec.field(name="from")
    to_size: int = msgspec.field(name="to")
    from_root: str
    to_root: str
    proof: list[str]


class AnnouncedKey(msgspec.Struct, rename="camel"):
    """A log key and the sizes that it signs; `lastSize` is null while it has no end."""

    vkey: str
    first_size: int
    last_size: int | None


class LedgerKeys(msgspec.Struct, rename="camel"):
    """The keys that this ledger says are its own: for discovery, never for trust."""

    ledger: str
    key: PublicJwk
    log_keys: list[AnnouncedKey]
    frozen: bool


# --- tiles -------------------------------------------------------------------------------------


def _size(public: PublicLog, wanted: int) -> int:
    """Return the published size; asked for what this process does not know, it looks again."""
    size = public.publisher.size
    if size < wanted:
        found = public.tree.latest()
        size = 0 if found is None else found.size
    return size


@get("/log/tile/{level:str}/{path:path}", media_type=OCTETS, responses=described(OCTETS, 404))
async def tile(
    level: FromPath[str], path: FromPath[str], request: AnyRequest, public: FromPublicLog
) -> Response[bytes]:
    """Return a tile of hashes, or a bundle of entries where the level is `entries`."""
    n, width = tiles.parse_tile_path(str(path).removeprefix("/"))
    height = 0 if level == ENTRIES else _level(level)
    size = await asyncio.to_thread(_size, public, (n * WIDTH + width) << (8 * height))
    if n * WIDTH + width > size >> (8 * height):
        raise NotFoundError("tile_unknown", "the published tree has no such tile")
    if level != ENTRIES:
        hashes = await asyncio.to_thread(public.tree.tile, height, n, width)
        return Response(hashes, media_type=OCTETS, headers=FOR_EVER)
    raw = await asyncio.to_thread(_bundle, public, n, width)
    headers = FOR_EVER | {"Vary": "Accept-Encoding"}
    if _GZIP.search(request.headers.get("accept-encoding", "")):
        raw = await asyncio.to_thread(gzip.compress, raw, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(raw, media_type=OCTETS, headers=headers)


def _level(text: str) -> int:
    level = number(text)
    if level > 63:
        raise MalformedError("tile_path_invalid", "levels are 0 to 63")
    return level


def _bundle(public: PublicLog, n: int, width: int) -> bytes:
    return tiles.bundle(public.tree.entries(n * WIDTH, width))


# --- entries and proofs ------------------------------------------------------------------------


@get(
    "/log/entries/{index:str}",
    media_type=OCTETS,
    responses=described(OCTETS, 404),
    sync_to_thread=True,
)
def entry(index: FromPath[str], public: FromPublicLog) -> Response[bytes]:
    """Return the bytes of an entry, which are what the tree's leaf is a hash of."""
    place = number(index)
    if place >= _size(public, place + 1):
        raise NotFoundError("entry_unknown", "no such entry is published")
    (found,) = public.tree.entries(place, 1)
    return Response(found, media_type=OCTETS, headers=FOR_EVER)


@get("/log/entries/{index:str}/proof", media_type=TEXT, responses=described(TEXT, 404, 503))
async def proof(index: FromPath[str], public: FromPublicLog, size: Size = None) -> Response[bytes]:
    """Return the proof that an entry stands in the log, waiting until it is published.

    It is a C2SP tlog-proof: keep it as `<name>.tlog-proof` and check it without this server.
    """
    place = number(index)
    if size is None:
        found = await wait_until_published(public, place + 1)
    else:
        found = await asyncio.to_thread(published, public, size)
    if place >= found.size:
        raise NotFoundError("entry_unknown", "no such entry in the tree of this size")
    text = await asyncio.to_thread(_proof, public, found, place)
    return Response(text, media_type=TEXT, headers=FRESH if size is None else lasting(public))


def _proof(public: PublicLog, found: Published, place: int) -> bytes:
    hashes = Prover(found.size, public.tree.tile).inclusion(place)
    return checkpoint.write_proof(place, hashes, public.endorsements.note(found))


async def wait_until_published(public: PublicLog, wanted: int) -> Published:
    """Return the newest checkpoint once it is one of a tree of this size.

    Raises NotFoundError `entry_unknown` if the log is shorter, UnavailableError `not_yet`, and
    what `require_sound` raises for a log that is not published any more.
    """
    if await asyncio.to_thread(_size, public, wanted) < wanted:
        await _wait_for_publication(public, wanted)
    give_up, pause_s = time.monotonic() + WAIT_S, QUORUM_POLL_S
    while True:
        served = await asyncio.to_thread(public.quorum.served, public.tree)
        if served is not None and served.size >= wanted:
            return served
        if time.monotonic() > give_up:
            raise UnavailableError("not_yet", "the entry waits for its witnesses; ask again")
        async with without_turn():
            await asyncio.sleep(pause_s)
        pause_s *= 2  # each look costs half a millisecond, and strangers can have many made


async def _wait_for_publication(public: PublicLog, wanted: int) -> None:
    if wanted > await asyncio.to_thread(public.log.head):
        raise NotFoundError("entry_unknown", "there is no such entry")
    if public.publisher.is_over:
        public.publisher.require_sound()
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    def listen(size: int) -> None:
        if size >= wanted:
            loop.call_soon_threadsafe(reached.set)

    with public.publisher.listening(listen):
        try:
            if await asyncio.to_thread(_size, public, wanted) < wanted:
                async with without_turn():
                    await asyncio.wait_for(reached.wait(), WAIT_S)
        except TimeoutError as error:
            detail = "the entry is stored and not published yet; ask again"
            raise UnavailableError("not_yet", detail) from error


@get("/log/consistency", response_headers=FRESH, responses=answers(404, 503), sync_to_thread=True)
def consistency(public: FromPublicLog, from_size: From, to_size: To = None) -> Consistency:
    """Prove that one tree is the beginning of another; auditors compute the same from tiles."""
    new = newest(public).size if to_size is None else to_size
    size = _size(public, new)
    if new > size:
        raise NotFoundError("checkpoint_unknown", "no tree of this size was published")
    if from_size > new:
        raise MalformedError("request_invalid", "`from` is not above `to`")
    prover = Prover(size, public.tree.tile)
    return Consistency(
        from_size=from_size,
        to_size=new,
        from_root=b64_encode(prover.root(from_size)),
        to_root=b64_encode(prover.root(new)),
        proof=[b64_encode(each) for each in prover.consistency(from_size, new)],
    )


# --- keys --------------------------------------------------------------------------------------


@get(
    "/.well-known/ledger-keys",
    sync_to_thread=False,
    response_headers=FRESH,
    responses=answers(503),
)
def ledger_keys(public: FromPublicLog) -> LedgerKeys:
    """Tell which keys sign this ledger's checkpoints: for discovery, never for trust."""
    charter = public.keys.charter
    keys = [AnnouncedKey(key.vkey, key.first_size, key.last_size) for key in charter.log_keys]
    return LedgerKeys(charter.ledger, charter.key, keys, charter.frozen)


router = Routes(
    "/",
    route_handlers=[
        tile,
        entry,
        proof,
        consistency,
        ledger_keys,
    ],
    tags=["log"],
)
