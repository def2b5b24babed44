"""Serve the offline verifier, the page web/verify.html, which sends no requests.

The response carries the same content security policy as the page, so the browser enforces it from
the first byte, even if the page was changed on the way.
"""

import re
from html import unescape

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from ledger.http.assets import find_web
from ledger.http.headers import FRESH

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')


def verifier() -> HTTPRouteHandler:
    """Return the page's route. It reads the page once, so that page and policy match."""
    page = (find_web() / "verify.html").read_text("utf-8")
    (carried,) = _POLICY.findall(page)
    policy = f"{unescape(carried)}; frame-ancestors 'none'"
    headers = FRESH | {"content-security-policy": policy}

    @get("/verify", sync_to_thread=False, include_in_schema=False)
    def verify() -> Response[str]:
        return Response(page, media_type="text/html", headers=headers)

    return verify
