"""Take the language that somebody chose at the foot of a page, and show the page again in it.

It is kept in a cookie of the browser, for members too: it is nobody's right and no event.
"""

from urllib.parse import parse_qsl

from litestar import post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from ledger.errors import ForbiddenError, MalformedError
from ledger.http.context import FromSite
from ledger.http.languages import COOKIE, LANGUAGES
from ledger.http.requests import AnyRequest
from ledger.pages.web import local_path

_YEAR_S = 365 * 24 * 60 * 60
_FIELDS = ("language", "next")
_MOST_PATH_CHARS = 4096


@post("/language", status_code=303)
async def choose_language(request: AnyRequest, site: FromSite) -> Redirect:
    """Keep a language of `LANGUAGES` and lead back to `next`, a path of this site."""
    # Of the Origin header a form tells "null" here, because pages send no referrer.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError("cross_origin", "the request comes from another site")
    fields = _fields(await request.body())
    tag = fields.get("language", "")
    if tag not in LANGUAGES:
        raise MalformedError("request_invalid", "language: choose one at the foot of a page")
    back = local_path(fields.get("next", "")[:_MOST_PATH_CHARS]) or "/"
    kept = Cookie(
        key=COOKIE,
        value=tag,
        max_age=_YEAR_S,
        path="/",
        httponly=True,
        samesite="lax",
        secure=not site.settings.is_local_http,
    )
    return Redirect(back, status_code=303, cookies=[kept])


def _fields(body: bytes) -> dict[str, str]:
    """Return the fields of a form; raise MalformedError `request_invalid` for none."""
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, strict_parsing=True, errors="strict", max_num_fields=len(_FIELDS))
    except ValueError as error:
        raise MalformedError("request_invalid", "the body is not the form of a page") from error
    fields = dict(pairs)
    if len(fields) < len(pairs) or not fields.keys() <= {*_FIELDS}:
        raise MalformedError("request_invalid", "the form has a language and a path, each once")
    return fields
