"""The headers that every answer carries: what a browser may do with it, and who may keep it."""

from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

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


# Scripts of any site may read the log and the public keys, and when to ask again.
_SHARED = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


def sharing_headers(method: str, path: str) -> list[tuple[bytes, bytes]]:
    """Return the headers that let scripts of any site read an answer, refusals too; none if not."""
    is_public = path.startswith("/log/") or path == "/.well-known/jwks.json"
    return [*_SHARED] if is_public and method in ("GET", "HEAD") else []


def completed(
    headers: list[tuple[bytes, bytes]], more: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with those of `more` that it has no other value for."""
    own = {name for name, _ in headers}
    return headers + [header for header in more if header[0] not in own]


def send_security_headers(origin: str) -> Callable[[Message, Scope], Awaitable[None]]:
    """Return the application's `before_send` hook that adds them.

    A hook, not `response_headers`: the framework leaves those out of the answers to errors.
    Nobody may keep an answer that does not say otherwise, nor any answer of the interface.
    """
    encoded = encoded_headers(origin)

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        path, headers = scope["path"], [*message["headers"]]
        if path.startswith("/api/"):
            headers = [header for header in headers if header[0] != b"cache-control"]
        headers += sharing_headers(str(scope.get("method")), path)
        absent = message["status"] == 404 and path.startswith("/log/")
        kept = (b"cache-control", _ABSENT if absent else _NO_STORE)
        # A page with a stricter policy of its own keeps it.
        message["headers"] = completed(headers, [kept, *encoded])

    return add
