"""Routes that read: people, keys, the timeline, live positions."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from ledger.domain.vocabulary import KeyStatus
from ledger.errors import NotFoundError
from ledger.http import access_report, questions
from ledger.http.accesses import access_record
from ledger.http.answers import READ
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    READING,
    FromAccess,
    FromPaging,
    FromReadModels,
    FromSessions,
    FromSite,
    Moment,
    SignedIn,
)
from ledger.http.headers import FRESH
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest
from ledger.http.routes import Routes
from ledger.http.stored_event import stored_event
from ledger.http.trail import trail
from ledger.jose import PublicJwk
from projections import keys, readers, timeline, users
from projections.keys import KeyDetail
from projections.paging import Page
from projections.timeline import TimelineItem
from projections.users import User

HEARTBEAT_S = 15.0
SESSION_CHECK_S = 1.0
PUBLIC = answers(404, 429, 503)


class JwkSet(msgspec.Struct):
    """RFC 7517 section 5."""

    keys: list[dict[str, Any]]


class SharedKey(msgspec.Struct, rename="camel"):
    """A signing key as strangers see it: what verifying a signature needs, without its owner.

    One that does not `decide` is a service account's, and no signature by it is an approval.
    """

    kid: str
    jwk: PublicJwk
    status: KeyStatus
    attested_at: str
    position: int
    revoked_at: str | None
    revoked_position: int | None
    compromised_since: str | None
    expires_at: str | None
    decides: bool


_ANY_KEY: Any = KeyDetail | SharedKey
KEY = PUBLIC | {
    200: ResponseSpec(
        _ANY_KEY,
        description="The key; with its owner and attestation for people who are signed in",
        generate_examples=False,
    )
}


class KeyList(msgspec.Struct):
    """The keys that one passkey attested."""

    items: list[KeyDetail]


@get("/api/users", responses=READ, sync_to_thread=True)
def list_users(
    models: FromReadModels,
    user: SignedIn,
    moment: Moment,
    paging: FromPaging,
) -> Page[User]:
    """List people, oldest first."""
    with models.views(moment) as (db, shown):
        now = models.time_of(db, moment)
        return users.page(db, at=shown, now=now, limit=paging.limit, cursor=paging.cursor)


@get("/api/users/{credential_id:str}", responses=READ, sync_to_thread=True)
def user_by_credential(
    credential_id: FromPath[str], models: FromReadModels, user: SignedIn, moment: Moment
) -> User:
    """Show whose passkey this is."""
    with models.views(moment) as (db, shown):
        now = models.time_of(db, moment)
        found = users.by_credential(db, credential_id, at=shown, now=now)
    if found is None:
        raise NotFoundError("user_unknown", "there is no such person")
    return found


@get("/api/timeline", responses=READ, sync_to_thread=True)
def list_timeline(
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    moment: Moment,
    paging: FromPaging,
    stream: Annotated[str | None, QueryParameter(name="stream", max_length=36)] = None,
    actor: Annotated[str | None, QueryParameter(name="actor", max_length=36)] = None,
    event_type: Annotated[str | None, QueryParameter(name="type", max_length=64)] = None,
) -> Page[TimelineItem]:
    """List what happened as far as the asker may read it, in words, newest first."""
    with models.views(moment) as (db, shown):
        reader = readers.of(db, user)
        found = timeline.page(
            db,
            reader,
            at=shown,
            limit=paging.limit,
            cursor=paging.cursor,
            stream=stream,
            actor=actor,
            type=event_type,
        )
        access.note_events(db, reader, found.items)
    return found


LIVE = READ | {
    200: ResponseSpec(
        str,
        media_type="text/event-stream",
        description="Events `position`, each with the newest position as JSON",
        generate_examples=False,
    )
}


@get("/api/stream", responses=LIVE)
async def live(
    request: AnyRequest,
    models: FromReadModels,
    sessions: FromSessions,
    user: SignedIn,
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", max_length=20)
    ] = None,
) -> ServerSentEvent:
    """Send every new position of the read models, for as long as the session is open."""
    text = last_event_id or ""
    # A new client gets the present position at once: it may have changed since the server
    # rendered the client's page.
    seen = int(text) if text.isascii() and text.isdigit() else 0
    # A client may have seen a higher position, before the ledger was restored from a backup.
    seen = min(seen, models.follower.position)
    return ServerSentEvent(_positions(models, seen, lambda: sessions.is_open(request)))


async def _positions(
    models: ReadModels, seen: int, is_open: Callable[[], Awaitable[bool]]
) -> AsyncIterator[ServerSentEventMessage]:
    """Yield the newest position after `seen`; a slow reader misses positions, none are queued.

    The stream ends at most SESSION_CHECK_S after its session, also if another process ended that.
    """
    moved = asyncio.Event()
    with models.streaming(moved):
        yield ServerSentEventMessage(data=None, comment="live", retry=2000)
        told_s = checked_s = time.monotonic()
        while not models.closing:
            now_s = time.monotonic()
            if now_s - checked_s >= SESSION_CHECK_S:
                checked_s = now_s
                if not await is_open():
                    return
            newest = models.follower.position
            if newest > seen:
                seen = newest
                data = f'{{"position":{newest}}}'
                yield ServerSentEventMessage(data=data, event="position", id=newest)
                told_s = now_s
            elif now_s - told_s >= HEARTBEAT_S:
                yield ServerSentEventMessage(data=None, comment="still here")
                told_s = now_s
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), SESSION_CHECK_S)
            moved.clear()


@get("/api/jwt-keys/{kid:str}", responses=KEY, sync_to_thread=True)
def show_key(
    kid: FromPath[str],
    request: AnyRequest,
    sessions: FromSessions,
    models: FromReadModels,
    moment: Moment,
) -> Response[KeyDetail | SharedKey]:
    """Show a key; people who are signed in also get its attestation, to verify it offline."""
    with models.views(moment) as (db, shown):
        found = keys.by_kid(db, models.log, kid, at=shown, now=models.time_of(db, moment))
    if found is None:
        raise NotFoundError("key_unknown", "there is no such signing key")
    if sessions.user(request) is not None:
        return Response(found)
    return Response(msgspec.convert(found, SharedKey, from_attributes=True))


@get("/api/jwt-keys/by-credential/{credential_id:str}", responses=READ, sync_to_thread=True)
def keys_by_credential(
    credential_id: FromPath[str], models: FromReadModels, user: SignedIn, moment: Moment
) -> KeyList:
    """List the keys that a passkey attested."""
    with models.views(moment) as (db, shown):
        found = keys.by_credential(
            db, models.log, credential_id, at=shown, now=models.time_of(db, moment)
        )
    if not found:
        raise NotFoundError("key_unknown", "this passkey attested no signing key")
    return KeyList(found)


@get("/.well-known/jwks.json", response_headers=FRESH, responses=PUBLIC, sync_to_thread=True)
def jwk_set(models: FromReadModels, moment: Moment) -> JwkSet:
    """Return every public key with which a person decides, for any JWT library."""
    with models.views(moment) as (db, shown):
        return JwkSet(keys.jwk_set(db, at=shown))


@get("/.well-known/passkey-endpoints", responses=answers(429, 503), sync_to_thread=False)
def passkey_endpoints(site: FromSite) -> dict[str, str]:
    """Tell password managers where people add and manage passkeys (W3C passkey endpoints)."""
    page = f"{site.settings.origin}/account"
    return {"enroll": page, "manage": page}


public = Routes("/", route_handlers=[show_key, jwk_set, passkey_endpoints], dependencies=READING)
members_only = Routes(
    "/",
    route_handlers=[
        list_users,
        user_by_credential,
        keys_by_credential,
        list_timeline,
        live,
        access_record,
        access_report.report,
        questions.ask,
        questions.ask_for_csv,
        questions.picture,
        trail,
        stored_event,
    ],
    dependencies=MEMBERS,
    security=BY_SESSION,
)
routes = [public, members_only]
