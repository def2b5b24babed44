"""HEAD requests: the framework answers GET only, and every GET has its HEAD."""

from typing import Any

from litestar import Litestar


class Application(Litestar):
    """Answer HEAD like GET; uvicorn omits the body (RFC 9110 section 9.3.2)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        # Exclude streams: a HEAD would wait for their end, which never comes.
        if scope.get("method") == "HEAD" and scope["path"] != "/api/stream":
            scope = scope | {"method": "GET"}  # a copy: uvicorn must still see HEAD
        await super().__call__(scope, receive, send)
