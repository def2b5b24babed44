"""HEAD requests: the framework answers GET only, and every GET but a stream's has its HEAD."""

from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope

from ledger.http.streams import PATH as STREAM


class Application(Litestar):
    """Answer HEAD like GET; uvicorn omits the body (RFC 9110 section 9.3.2)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        # A HEAD of a stream would wait for its end, which never comes.
        if scope.get("method") == "HEAD" and scope["path"] != STREAM:
            scope = scope | {"method": "GET"}  # a copy: uvicorn must still see HEAD
        await super().__call__(scope, receive, send)


async def allow_methods(message: Message, scope: Scope) -> None:
    """Name every method of an address in `Allow`: the application's `before_send` hook.

    The framework leaves out HEAD, and to OPTIONS it answers with the methods of one router alone.
    """
    if message["type"] != "http.response.start":
        return
    headers = []
    for name, value in message["headers"]:
        allowed = value
        if name == b"allow":
            named = {*value.decode().split(", ")} | _methods(scope)
            if "GET" in named and scope["path"] != STREAM:
                named.add("HEAD")
            allowed = ", ".join(sorted(named)).encode()
        headers.append((name, allowed))
    message["headers"] = headers


def _methods(scope: Scope) -> set[str]:
    """Return the methods of the route that answers, none where no route does."""
    template, application = scope.get("path_template"), scope["litestar_app"]
    return {
        str(method)
        for route in application.routes
        if isinstance(route, HTTPRoute) and route.path_format == template
        for method in route.methods
    }
