"""Routes that read: people, keys, the timeline, live positions."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from ledger.errors import NotFoundError
from ledger.http.answers import READ
from ledger.http.context import (
    BY_SESSION,
    MEMBERS,
    READING,
    FromPaging,
    FromReadModels,
    Moment,
    SignedIn,
)
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from projections import keys, timeline, users
from projections.keys import KeyDetail
from projections.paging import Page
from projections.timeline import TimelineItem
from projections.users import User

HEARTBEAT_S = 15.0
PUBLIC = answers(404, 503)


class JwkSet(msgspec.Struct):
    """RFC 7517 section 5."""

    keys: list[dict[str, Any]]


class KeyList(msgspec.Struct):
    """The keys that one passkey attested."""

    items: list[KeyDetail]


@get("/api/users", responses=READ)
async def list_users(
    models: FromReadModels,
    user: SignedIn,
    moment: Moment,
    paging: FromPaging,
) -> Page[User]:
    """List people, oldest first."""
    with models.views(moment) as (db, shown):
        now = models.time_of(db, moment)
        return users.page(db, at=shown, now=now, limit=paging.limit, cursor=paging.cursor)


@get("/api/users/{credential_id:str}", responses=READ)
async def user_by_credential(
    credential_id: FromPath[str], models: FromReadModels, user: SignedIn, moment: Moment
) -> User:
    """Show whose passkey this is."""
    with models.views(moment) as (db, shown):
        now = models.time_of(db, moment)
        found = users.by_credential(db, credential_id, at=shown, now=now)
    if found is None:
        raise NotFoundError("user_unknown", "there is no such person")
    return found


@get("/api/timeline", responses=READ)
async def list_timeline(
    models: FromReadModels,
    user: SignedIn,
    moment: Moment,
    paging: FromPaging,
    stream: Annotated[str | None, QueryParameter(name="stream", max_length=36)] = None,
    actor: Annotated[str | None, QueryParameter(name="actor", max_length=36)] = None,
    event_type: Annotated[str | None, QueryParameter(name="type", max_length=64)] = None,
) -> Page[TimelineItem]:
    """List what happened, in words, newest first."""
    with models.views(moment) as (db, shown):
        return timeline.page(
            db,
            at=shown,
            limit=paging.limit,
            cursor=paging.cursor,
            stream=stream,
            actor=actor,
            type=event_type,
        )


@get("/api/stream", responses=READ)
async def live(
    models: FromReadModels,
    user: SignedIn,
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", max_length=20)
    ] = None,
) -> ServerSentEvent:
    """Send every new position of the read models."""
    text = last_event_id or ""
    # Whoever is new is told the present position at once: it may have moved since their page
    # was made.
    seen = int(text) if text.isascii() and text.isdigit() else 0
    # Beyond the newest is what was seen of a ledger since restored from a backup.
    seen = min(seen, models.follower.position)
    return ServerSentEvent(_positions(models, seen))


async def _positions(models: ReadModels, seen: int) -> AsyncIterator[ServerSentEventMessage]:
    """Yield positions behind `seen`, newest only: a slow reader skips, it does not queue."""
    moved = asyncio.Event()
    with models.streaming(moved):
        yield ServerSentEventMessage(data=None, comment="live", retry=2000)
        while not models.closing:
            newest = models.follower.position
            if newest > seen:
                seen = newest
                data = f'{{"position":{newest}}}'
                yield ServerSentEventMessage(data=data, event="position", id=newest)
            try:
                await asyncio.wait_for(moved.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield ServerSentEventMessage(data=None, comment="still here")
            moved.clear()


@get("/api/jwt-keys/{kid:str}", responses=PUBLIC)
async def show_key(kid: FromPath[str], models: FromReadModels, moment: Moment) -> KeyDetail:
    """Show a key and its attestation: enough to verify it offline."""
    with models.views(moment) as (db, shown):
        found = keys.by_kid(db, models.log, kid, at=shown)
    if found is None:
        raise NotFoundError("key_unknown", "there is no such signing key")
    return found


@get("/api/jwt-keys/by-credential/{credential_id:str}", responses=PUBLIC)
async def keys_by_credential(
    credential_id: FromPath[str], models: FromReadModels, moment: Moment
) -> KeyList:
    """List the keys that a passkey attested."""
    with models.views(moment) as (db, shown):
        found = keys.by_credential(db, models.log, credential_id, at=shown)
    if not found:
        raise NotFoundError("key_unknown", "this passkey attested no signing key")
    return KeyList(found)


@get("/.well-known/jwks.json", responses=PUBLIC)
async def jwk_set(models: FromReadModels, moment: Moment) -> JwkSet:
    """Return every attested public key, for any JWT library."""
    with models.views(moment) as (db, shown):
        return JwkSet(keys.jwk_set(db, at=shown))


public = Router("/", route_handlers=[show_key, keys_by_credential, jwk_set], dependencies=READING)
members_only = Router(
    "/",
    route_handlers=[list_users, user_by_credential, list_timeline, live],
    dependencies=MEMBERS,
    security=BY_SESSION,
)
