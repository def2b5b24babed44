"""The headers that every answer carries: what a browser may do with our pages."""

from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

# What never changes under its address.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
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


def send_security_headers(origin: str) -> Callable[[Message, Scope], Awaitable[None]]:
    """Return the application's `before_send` hook that adds them.

    A hook, not `response_headers`: the framework leaves those out of the answers to errors.
    """
    encoded = encoded_headers(origin)

    async def add(message: Message, _: Scope) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            # A page with a stricter policy of its own keeps it.
            more = [header for header in encoded if header[0] not in own]
            message["headers"] = [*message["headers"], *more]

    return add
