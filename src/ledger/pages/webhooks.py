"""The page of webhooks, for administrators: register an address, see its deliveries, send again."""

from litestar import get
from litestar.response import Redirect, Template

from ledger.http.context import FromMessenger
from ledger.http.requests import AnyRequest
from ledger.http.webhooks import Delivery, delivery, require_administrator, shown
from ledger.messages.messenger import Messenger
from ledger.pages.web import FromWeb, page, to_sign_in
from ledger.store.ports.messages import Webhook
from projections import users

_MOST = 10


@get("/webhooks", sync_to_thread=True)
def webhooks(request: AnyRequest, web: FromWeb, messenger: FromMessenger) -> Template | Redirect:
    """List the webhooks of all administrators, those of this one with their newest deliveries."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    require_administrator(web.models, me.id)
    hooks = messenger.store.webhooks()
    with web.models.views() as (db, at):
        names = users.names(db, sorted({each.owner for each in hooks}), at=at)
    found = [
        (
            shown(each, me.id),
            names.get(each.owner, ""),
            _newest(messenger, each) if each.owner == me.id else None,
        )
        for each in hooks
    ]
    return page("webhooks", web, me=me, found=found)


def _newest(messenger: Messenger, webhook: Webhook) -> list[Delivery]:
    """Return the newest messages to a webhook."""
    found = messenger.store.sent_to(webhook.id, before=None, limit=_MOST)
    return [delivery(each) for each in found]
