"""The page of one's own messages: mail, when it comes, and feeds."""

from litestar import get
from litestar.response import Redirect, Template

from ledger.http.context import FromMessenger
from ledger.http.requests import AnyRequest
from ledger.pages.web import FromWeb, page, to_sign_in


@get("/messages", sync_to_thread=True)
def messages(request: AnyRequest, web: FromWeb, messenger: FromMessenger) -> Template | Redirect:
    """Show where messages to the signed-in person go, and let them choose."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    box = messenger.store.mailbox(me.id)
    quiet = (box.quiet_from, box.quiet_to) if box is not None else (0, 0)
    shown = ["", ""] if quiet == (0, 0) else [f"{each // 60:02}:{each % 60:02}" for each in quiet]
    return page(
        "messages",
        web,
        me=me,
        has_mail=messenger.has_mail,
        box=box,
        quiet_from=shown[0],
        quiet_to=shown[1],
        has_feed=messenger.store.has_feed(me.id),
    )
