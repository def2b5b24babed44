"""Routes of webhooks, for administrators: register an address, see its deliveries, send again.

A secret is shown once, in the answer that makes it. An address can hold a secret too, so other
administrators see its host only.
"""

import asyncio
import secrets
from typing import Annotated
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, PathParameter, SkipValidation
from msgspec import Meta

from ledger import clock
from ledger.errors import ConflictError, ForbiddenError, NotFoundError
from ledger.http.answers import NOTHING, READ, done
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    FromMessenger,
    FromPaging,
    FromReadModels,
    FromSite,
    SignedIn,
)
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import Empty, Strict, full_pattern
from ledger.http.routes import Routes
from ledger.messages.hearing import administers
from ledger.messages.messenger import Messenger
from ledger.messages.outline import TEST, Outline, message_id, webhook_body
from ledger.messages.signature import SECRET_BYTES, shown_secret
from ledger.store.ports.messages import Message, Sending, SendState, Webhook
from ledger.system.outward import MAX_URL_CHARS, checked_address, parse_target
from projections.paging import decode_cursor, encode_cursor

MOST_WEBHOOKS = 20
LIST = "deliveries"
WebhookId = Annotated[
    str, PathParameter(pattern=full_pattern("[0-9a-f-]{36}"), description="From the list")
]
Number = Annotated[str, PathParameter(pattern=full_pattern("[1-9][0-9]{0,15}"))]  # of a delivery
CHANGED = NOTHING | answers(400, 401, 403, 404, 413, 415, 429, 503)


class NewWebhook(Strict, frozen=True):
    """An address to which messages are sent."""

    url: Annotated[str, Meta(max_length=MAX_URL_CHARS)]


class ShownWebhook(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook; `url` is the address for its owner, and its host for other administrators.

    `paused` says why nothing is sent to it, null while it is sent to.
    """

    id: str
    owner: str
    url: str
    made_at: str
    paused: str | None
    failing_since: str | None


class WebhookList(msgspec.Struct):
    """All webhooks, the oldest first."""

    items: list[ShownWebhook]


class MadeWebhook(msgspec.Struct):
    """A new webhook and the secret that signs its messages, which is not shown again."""

    id: str
    secret: str


class Delivery(msgspec.Struct, frozen=True, rename="camel"):
    """A message to a webhook, and its result; `said` tells of the last attempt."""

    number: int
    id: str
    kind: str
    position: int
    made_at: str
    state: SendState
    tries: int
    tried_at: str | None
    said: str


class DeliveryPage(msgspec.Struct):
    """Some deliveries, the newest first, and the cursor of the next page."""

    items: list[Delivery]
    next: str | None


def require_administrator(models: ReadModels, user: str) -> None:
    """Raise ForbiddenError `administrator_only` unless a person is an active administrator."""
    with models.views() as (db, at):
        if not administers(db, user, at=at, now=models.now()):
            raise ForbiddenError("administrator_only", "only an administrator sees webhooks")


async def administrator(models: FromReadModels, user: SignedIn) -> str:
    """Provide the signed-in administrator's id to a route; everybody else is refused."""
    await asyncio.to_thread(require_administrator, models, user)
    return user


Administrator = NamedDependency[SkipValidation[str]]


def shown(webhook: Webhook, me: str) -> ShownWebhook:
    """Return a webhook as an administrator sees it."""
    parts = urlsplit(webhook.url)
    is_mine, failing_ms = webhook.owner == me, webhook.failing_ms
    return ShownWebhook(
        id=webhook.id,
        owner=webhook.owner,
        url=webhook.url if is_mine else f"{parts.scheme}://{parts.netloc}/…",
        made_at=clock.to_text(webhook.made_ms),
        paused=webhook.paused or None,
        failing_since=None if failing_ms is None else clock.to_text(failing_ms),
    )


def delivery(sending: Sending) -> Delivery:
    """Return a message to a webhook as its owner sees it."""
    message, tried_ms = sending.message, sending.tried_ms
    return Delivery(
        number=sending.number,
        id=message.id,
        kind=message.kind,
        position=message.position,
        made_at=clock.to_text(message.made_ms),
        state=sending.state,
        tries=sending.tries,
        tried_at=None if tried_ms is None else clock.to_text(tried_ms),
        said=sending.said,
    )


def find(messenger: Messenger, webhook: str) -> Webhook:
    """Return a webhook; raise NotFoundError `webhook_unknown`."""
    for each in messenger.store.webhooks():
        if each.id == webhook:
            return each
    raise NotFoundError("webhook_unknown", "there is no such webhook")


def require_owned(messenger: Messenger, webhook: str, me: str) -> None:
    """Raise NotFoundError `webhook_unknown` unless the webhook is this person's.

    Its messages tell of what its owner may read, and other administrators may read less.
    """
    if find(messenger, webhook).owner != me:
        raise NotFoundError("webhook_unknown", "only its owner sees and repeats its messages")


@get("/api/webhooks", responses=READ | answers(403), sync_to_thread=True)
def list_webhooks(messenger: FromMessenger, admin: Administrator) -> WebhookList:
    """List the webhooks of all administrators."""
    return WebhookList([shown(each, admin) for each in messenger.store.webhooks()])


@post("/api/webhooks", responses=done(MadeWebhook, 400, 401, status=201), sync_to_thread=True)
def add_webhook(
    data: JSONBody[NewWebhook],
    messenger: FromMessenger,
    models: FromReadModels,
    site: FromSite,
    admin: Administrator,
) -> MadeWebhook:
    """Register an address; from the next event on, messages are sent to it."""
    hosts = site.settings.private_hosts
    checked_address(parse_target(data.url, hosts), hosts)
    secret, now_ms = secrets.token_bytes(SECRET_BYTES), clock.to_ms(models.now())
    since = models.log.head()
    made = Webhook(str(uuid4()), admin, data.url, secret, since, now_ms)
    if not messenger.store.add_webhook(made, most=MOST_WEBHOOKS):
        detail = f"there are {MOST_WEBHOOKS} webhooks already: remove one first"
        raise ConflictError("webhooks_full", detail)
    messenger.wake()
    return MadeWebhook(made.id, shown_secret(secret))


@post("/api/webhooks/{webhook:str}/remove", status_code=204, responses=CHANGED, sync_to_thread=True)
def remove_webhook(
    data: JSONBody[Empty], webhook: WebhookId, messenger: FromMessenger, admin: Administrator
) -> Response[None]:
    """Remove a webhook, its secret and its deliveries."""
    if not messenger.store.remove_webhook(webhook):
        raise NotFoundError("webhook_unknown", "there is no such webhook")
    return Response(None, status_code=204)


@post("/api/webhooks/{webhook:str}/resume", status_code=204, responses=CHANGED, sync_to_thread=True)
def resume_webhook(
    data: JSONBody[Empty],
    webhook: WebhookId,
    messenger: FromMessenger,
    models: FromReadModels,
    admin: Administrator,
) -> Response[None]:
    """Send messages to a paused webhook again, about events from now on."""
    if not messenger.store.resume_webhook(webhook, since=models.log.head()):
        raise NotFoundError("webhook_unknown", "there is no such webhook")
    messenger.wake()
    return Response(None, status_code=204)


@post("/api/webhooks/{webhook:str}/test", status_code=204, responses=CHANGED, sync_to_thread=True)
def test_webhook(
    data: JSONBody[Empty],
    webhook: WebhookId,
    messenger: FromMessenger,
    models: FromReadModels,
    site: FromSite,
    admin: Administrator,
) -> Response[None]:
    """Send a message of kind `webhook.test` to a webhook."""
    find(messenger, webhook)
    now, ledger = models.now(), site.charter.ledger
    told = Outline(TEST, now, str(uuid4()), models.log.head(), secrets.token_bytes(32))
    now_ms = clock.to_ms(now)
    message = Message(
        message_id(ledger, told, "webhook", webhook),
        "webhook",
        webhook,
        told.stream,
        TEST,
        told.position,
        webhook_body(ledger, told),
        now_ms,
        now_ms,
    )
    messenger.store.put(message)
    messenger.wake()
    return Response(None, status_code=204)


@get("/api/webhooks/{webhook:str}/deliveries", responses=READ | answers(403), sync_to_thread=True)
def list_deliveries(
    webhook: WebhookId, messenger: FromMessenger, paging: FromPaging, admin: Administrator
) -> DeliveryPage:
    """List the messages to a webhook of one's own, the newest first."""
    require_owned(messenger, webhook, admin)
    before = None if paging.cursor is None else decode_cursor(LIST, paging.cursor)
    found = messenger.store.sent_to(webhook, before=before, limit=paging.limit + 1)
    kept = found[: paging.limit]
    further = encode_cursor(LIST, kept[-1].number) if len(found) > len(kept) else None
    return DeliveryPage([delivery(each) for each in kept], further)


@post(
    "/api/webhooks/{webhook:str}/deliveries/{number:str}/again",
    status_code=204,
    responses=CHANGED,
    sync_to_thread=True,
)
def send_again(
    data: JSONBody[Empty],
    webhook: WebhookId,
    number: Number,
    messenger: FromMessenger,
    models: FromReadModels,
    admin: Administrator,
) -> Response[None]:
    """Send one message to a webhook of one's own once more, with the same id."""
    require_owned(messenger, webhook, admin)
    if not messenger.store.again(webhook, int(number), now_ms=clock.to_ms(models.now())):
        raise NotFoundError("delivery_unknown", "there is no such message any more")
    messenger.wake()
    return Response(None, status_code=204)


router = Routes(
    "/",
    route_handlers=[
        list_webhooks,
        add_webhook,
        remove_webhook,
        resume_webhook,
        test_webhook,
        list_deliveries,
        send_again,
    ],
    dependencies=MEMBERS | {"admin": Provide(administrator)},
    security=BY_SESSION,
    tags=["messages"],
)
