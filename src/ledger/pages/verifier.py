"""The offline verifier, served as well: the page of web/verify.html, which asks nobody anything.

The server sends the very policy that the page carries, and so the browser holds it to it from the
first byte on, also where the page would have been changed on the way.
"""

import re
from html import unescape

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from ledger.http.assets import find_web
from ledger.http.headers import FRESH

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')


def verifier() -> HTTPRouteHandler:
    """Return the route of the page; read it once, so that page and policy belong together."""
    page = (find_web() / "verify.html").read_text("utf-8")
    (carried,) = _POLICY.findall(page)
    policy = f"{unescape(carried)}; frame-ancestors 'none'"
    headers = FRESH | {"content-security-policy": policy}

    @get("/verify", sync_to_thread=False, include_in_schema=False)
    def verify() -> Response[str]:
        return Response(page, media_type="text/html; charset=utf-8", headers=headers)

    return verify
