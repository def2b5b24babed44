"""The headers that every answer carries: what a browser may do with it, and who may keep it."""

from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

from ledger.http.languages import VARY

# What never changes under its address.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# What is everybody's and changes: kept, and asked for again each time.
FRESH = {"Cache-Control": "no-cache"}
# What is not there yet may be there soon; meanwhile a cache answers those who keep asking.
_ABSENT = b"public, max-age=5"
_NO_STORE = b"no-store"
# No other origin, no inline script or style, no framing, and no string that becomes markup:
# a page that signs must not run anything that is not a file of this repository.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'none'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
PERMISSIONS_POLICY = ", ".join(
    (
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        "camera=()",
        "microphone=()",
        "geolocation=()",
        "payment=()",
        "usb=()",
        "serial=()",
    )
)
_TWO_YEARS_S = 63_072_000


def security_headers(origin: str) -> dict[str, str]:
    """Return the headers for every answer of the server that people reach at `origin`."""
    headers = {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": PERMISSIONS_POLICY,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    if origin.startswith("https://"):
        headers["strict-transport-security"] = f"max-age={_TWO_YEARS_S}"
    return headers


def encoded_headers(origin: str) -> list[tuple[bytes, bytes]]:
    """Return the same as an ASGI server sends them."""
    return [(name.encode(), value.encode()) for name, value in security_headers(origin).items()]


def is_public(path: str) -> bool:
    """Tell whether scripts of any site may read what is at a path: the log, and the public keys."""
    return path.startswith("/log/") or path == "/.well-known/jwks.json"


def send_security_headers(origin: str) -> Callable[[Message, Scope], Awaitable[None]]:
    """Return the application's `before_send` hook that adds them.

    A hook, not `response_headers`: the framework leaves those out of the answers to errors.
    Nobody may keep an answer that does not say otherwise, nor any answer of the interface.
    """
    encoded = encoded_headers(origin)
    shared = [
        (b"access-control-allow-origin", b"*"),
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        path, headers = scope["path"], [*message["headers"]]
        if path.startswith("/api/"):
            headers = [header for header in headers if header[0] != b"cache-control"]
        elif is_public(path) and scope.get("method") in ("GET", "HEAD"):
            headers += shared
        own = {name for name, _ in headers}
        if b"cache-control" not in own:
            absent = message["status"] == 404 and path.startswith("/log/")
            headers.append((b"cache-control", _ABSENT if absent else _NO_STORE))
            # It has a sentence in its reader's language.
            headers += [(b"vary", VARY.encode())] if absent else []
        # A page with a stricter policy of its own keeps it.
        headers += [header for header in encoded if header[0] not in own]
        message["headers"] = headers

    return add
