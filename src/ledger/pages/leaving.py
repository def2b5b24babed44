"""The page that ends mail, from a letter: without a session, and with the letter's own token."""

import secrets

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Template

from ledger.encoding import b64u_decode
from ledger.errors import MalformedError, NotFoundError
from ledger.http.context import FromMessenger
from ledger.messages.letters import leave_token
from ledger.messages.messenger import Messenger
from ledger.pages.web import FromWeb, page
from ledger.store.ports.messages import Mailbox

UUID_CHARS = 36


@get("/unsubscribe/{token:str}", sync_to_thread=True)
def ask_to_leave(token: FromPath[str], web: FromWeb, messenger: FromMessenger) -> Template:
    """Ask whether mail should end: a program that only looks at the address ends nothing."""
    _box_of(messenger, token)
    return page("unsubscribe", web, is_done=False)


@post("/unsubscribe/{token:str}", status_code=200, sync_to_thread=True)
def leave(token: FromPath[str], web: FromWeb, messenger: FromMessenger) -> Template:
    """End mail, but for what is about the person's own keys (RFC 8058: one click)."""
    box = _box_of(messenger, token)
    messenger.store.end_mail(box.person, box.leave)
    return page("unsubscribe", web, is_done=True)


def _box_of(messenger: Messenger, token: str) -> Mailbox:
    try:
        person = b64u_decode(token)[:UUID_CHARS].decode("ascii")
    except (MalformedError, UnicodeDecodeError) as error:
        raise NotFoundError("not_found", "there is no such address") from error
    box = messenger.store.mailbox(person)
    if box is None or not secrets.compare_digest(leave_token(box), token):
        raise NotFoundError("not_found", "there is no such address")
    return box
