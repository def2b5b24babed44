"""A refusal as a page for people, for the refusals that come before the application is asked.

It needs no file, no session and no template, so it can be given when nothing else can.
"""

from collections.abc import Iterable
from html import escape

PAGE_TYPE = "text/html; charset=utf-8"
# For each status: what went wrong, and what the person can do.
_SAYS = {
    401: ("You are not signed in", "Sign in with your passkey to continue."),
    403: (
        "You may not do this",
        "An administrator of this ledger can grant you the required role.",
    ),
    404: ("There is nothing here", "The address may be mistyped, or you may not have access."),
    408: ("The request took too long", "Check your connection, then try again."),
    413: ("This is too large", "Go back and send less at once."),
    429: ("Too many requests", "Wait a minute, then try again."),
    431: ("The request is too long", "Delete this site's cookies, or follow a shorter link."),
    503: ("Not ready", "The ledger cannot answer now. Try again in a moment."),
}
_FAILED = ("Something went wrong", "Nothing was recorded. The server's log has the reason.")
_BAD_REQUEST = ("This address does not work", "Go back and follow the link again.")


def says(status: int) -> tuple[str, str]:
    """Return what went wrong, and what the person can do."""
    return _SAYS.get(status, _FAILED if status >= 500 else _BAD_REQUEST)


def wants_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether the client is a browser that asks for a page; names are in lower case."""
    return any(name == b"accept" and b"text/html" in value for name, value in headers)


def refusal_page(status: int, detail: str = "") -> bytes:
    """Return a whole page; `detail` is our sentence without its full stop."""
    title, advice = (escape(each) for each in says(status))
    why = f"<p>{escape(detail[:1].upper() + detail[1:])}.</p>\n" if detail else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Ledger</title>
</head>
<body>
<main>
<p>{status}</p>
<h1>{title}</h1>
{why}<p>{advice}</p>
<p><a href="">Try again</a> · <a href="/inbox">Go to the inbox</a> · <a href="/">Start page</a></p>
</main>
</body>
</html>
""".encode()
