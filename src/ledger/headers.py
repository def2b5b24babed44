"""The headers that every answer carries: what a browser may do with our pages."""

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
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    if origin.startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS_S}"
    return headers
