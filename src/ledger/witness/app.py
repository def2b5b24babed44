"""The HTTP routes of a witness server (C2SP tlog-witness)."""

import asyncio
import time
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from ledger.encoding import SHA256_HEX
from ledger.errors import ConflictError, NotFoundError
from ledger.http.problems import EXCEPTION_HANDLERS
from ledger.tlog.checkpoint import MAX_NOTE_BYTES
from ledger.tlog.merkle import MAX_PROOF_HASHES
from ledger.tlog.submission import SIZE_TYPE
from ledger.witness.state import WitnessState

MAX_BODY_BYTES = MAX_NOTE_BYTES + 45 * MAX_PROOF_HASHES + 30


@post("/add-checkpoint", status_code=200, media_type="text/plain")
async def add_checkpoint(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    """Cosign a checkpoint that extends the last one, or answer with the last size."""
    raw = await request.body()
    witness: WitnessState = state["witness"]
    try:
        lines = await asyncio.to_thread(witness.add, raw, now_s=int(time.time()))
    except ConflictError as error:
        size = f"{error.evidence['size']}\n".encode()
        headers = {"Content-Type": SIZE_TYPE}
        return Response(size, status_code=409, headers=headers, media_type=SIZE_TYPE)
    return Response(lines, media_type="text/plain")


@get("/{origin:str}/checkpoint", media_type="text/plain", sync_to_thread=True)
def latest(origin: FromPath[str], state: State) -> Response[bytes]:
    """Return the last cosigned checkpoint of a log, named by the SHA-256 of its origin."""
    if not SHA256_HEX.fullmatch(origin):
        raise NotFoundError("not_found", "expected the SHA-256 of a log's origin, in hex")
    witness: WitnessState = state["witness"]
    headers = {"Cache-Control": "no-cache"}
    return Response(witness.latest(origin), media_type="text/plain", headers=headers)


def build(witness: WitnessState) -> Litestar:
    """Return the witness's server; the caller closes the witness."""
    return Litestar(
        route_handlers=[add_checkpoint, latest],
        state=State({"witness": witness}),
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )
