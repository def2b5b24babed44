"""The floor: the cost of an empty handler, on the same server and framework.

`python -m benchmarks.floor PORT` reads each request's body and sends the answer of an approval.
"""

import sys
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, get, post

from ledger.http.admission import Admission
from ledger.http.headers import send_security_headers
from ledger.http.secure_transport import protocol_class

ANSWER = (
    b'{"position":123456,"leafIndex":123455,"statementId":"8c6a3f0e-0000-4000-8000-5f2d1c3b4a59"'
    b',"status":"approved","approvals":2}'
)


@post("/api/statements/{statement_id:str}/sign")
async def sign(request: Request[Any, Any, Any]) -> Response[bytes]:
    await request.body()
    return Response(ANSWER, media_type="application/json")


@get("/readyz")
async def health() -> dict[str, str]:
    return {"status": "ok"}


def main() -> None:
    """Serve until terminated."""
    application = Litestar(
        [sign, health],
        before_send=[send_security_headers("http://localhost")],
        logging_config=None,
        openapi_config=None,
    )
    uvicorn.run(
        application,
        port=int(sys.argv[1]),
        http=protocol_class(Admission(), None),
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()
