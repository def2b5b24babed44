"""The HTTP server of a witness (C2SP tlog-witness): an ASGI application without a framework.

Anybody may send to it, and a log's submission must not wait for what strangers send. So the
submissions of an address take turns, and its reads take turns of their own. A client that hangs up
in its body costs nothing more.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from litestar.types import HTTPScope, Send

from ledger.errors import ConflictError, MalformedError, NotFoundError, TooLargeError
from ledger.http.admission import address_of, site_of
from ledger.http.bodies import Read, body_bytes, read_body
from ledger.http.exchange import Exchange, new_request_id
from ledger.http.headers import encoded_headers
from ledger.http.lanes import Lane
from ledger.http.problems import MEDIA_TYPE, answer_to, document, phrase
from ledger.system.client_address import Network, client_address
from ledger.tlog.checkpoint import MAX_NOTE_BYTES
from ledger.tlog.merkle import MAX_PROOF_HASHES
from ledger.tlog.submission import SIZE_TYPE, SUBMIT
from ledger.witness.state import WitnessState

MAX_BODY_BYTES = MAX_NOTE_BYTES + 45 * MAX_PROOF_HASHES + 30
# Turns of all addresses, and of one; and requests that wait for one, in all.
AT_ONCE, EACH, WAITING, WAIT_S = 4, 2, 128, 5.0
_LATEST = re.compile(r"/([0-9a-f]{64})/checkpoint")
_TEXT = "text/plain; charset=utf-8"
# Without Strict-Transport-Security: a witness does not know by which address it is reached.
_HEADERS = encoded_headers("")


class _Answer(NamedTuple):
    status: int
    media_type: str
    body: bytes
    headers: Sequence[tuple[str, str]] = ()
    cache: str = "no-store"


class WitnessServer:
    """The application around one witness; the caller closes the witness."""

    def __init__(self, witness: WitnessState, proxies: Sequence[Network] = ()) -> None:
        """Take the witness, and the networks of proxies, which tell whose requests they pass on."""
        self._witness = witness
        self._proxies = proxies
        self._submissions, self._reads = (
            Lane(None, at_once=AT_ONCE, each=EACH, waiting=WAITING, wait_s=WAIT_S) for _ in "ab"
        )

    async def __call__(self, scope: Any, receive: Read, send: Send) -> None:
        """Answer one request, or refuse it with a problem document."""
        exchange = Exchange(new_request_id(), method=scope["method"])
        try:
            answer = await self._answer(scope, receive)
        except Exception as error:  # noqa: BLE001  # `answer_to` logs what is no refusal of ours
            status, body, more = answer_to(error, exchange)
            answer = _Answer(status, MEDIA_TYPE, body, more)
        if answer is None:
            return  # the client hung up
        told = [
            ("content-type", answer.media_type),
            ("content-length", str(len(answer.body))),
            ("cache-control", answer.cache),
            ("x-request-id", exchange.request_id),
            *answer.headers,
        ]
        headers = [*((name.lower().encode(), value.encode()) for name, value in told), *_HEADERS]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def _answer(self, scope: HTTPScope, receive: Read) -> _Answer | None:
        """Return the answer, None to a client that hung up."""
        path, method = scope["path"], scope["method"]
        of_log = _LATEST.fullmatch(path)
        if path != f"/{SUBMIT}" and of_log is None:
            raise NotFoundError("not_found", "a witness has no such address")
        allowed = ("POST",) if of_log is None else ("GET", "HEAD")
        if method not in allowed:
            body = document(405, "method_not_allowed", phrase(405))
            return _Answer(405, MEDIA_TYPE, body, [("allow", ", ".join(allowed))])
        if scope["query_string"]:
            raise MalformedError("query_unknown", "this address takes no parameter")
        if of_log is not None:
            asked = partial(self._witness.latest, of_log[1])
            note = await self._in_turn(self._reads, scope, asked)
            return _Answer(200, _TEXT, note, cache="no-cache")
        raw = await _body(scope, receive)
        return None if raw is None else await self._add(scope, raw)

    async def _add(self, scope: HTTPScope, raw: bytes) -> _Answer:
        """Cosign a checkpoint that extends the last one, or answer with the last size."""
        try:
            lines = await self._in_turn(
                self._submissions, scope, lambda: self._witness.add(raw, now_s=int(time.time()))
            )
        except ConflictError as error:
            return _Answer(409, SIZE_TYPE, f"{error.evidence['size']}\n".encode())
        return _Answer(200, _TEXT, lines)

    async def _in_turn(self, lane: Lane, scope: HTTPScope, work: Callable[[], bytes]) -> bytes:
        """Return what the witness makes of a request, when it is its address's turn."""
        peer = scope.get("client")
        if peer:
            told = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            peer = (client_address(peer[0], told, self._proxies), 0)
        async with lane.turn(site_of(address_of(peer))):
            return await asyncio.to_thread(work)


async def _body(scope: HTTPScope, receive: Read) -> bytes | None:
    """Return the body, None if the client hung up in it."""
    detail = f"the body has at most {MAX_BODY_BYTES} bytes"
    too_large = TooLargeError("request_too_large", detail)
    return await read_body(
        receive, body_bytes(scope) or 0, most=MAX_BODY_BYTES, too_large=too_large
    )
