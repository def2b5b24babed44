"""Routes of signing in and out: with a passkey, or, for a machine, with an attested key."""

import asyncio
from typing import NamedTuple

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody

from ledger.domain.passkey import request_options
from ledger.errors import NotFoundError, UnauthenticatedError
from ledger.http.answers import NOTHING, SignInBegun, done
from ledger.http.context import BY_SESSION, FromPeople, FromReadModels, FromSessions, FromSite
from ledger.http.exchange import exchange_of
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import AnyRequest, CompleteSignIn, Empty, SignedAct
from ledger.http.sessions import Sessions
from projections import users
from projections.users import User


class Session(msgspec.Struct):
    """Who is signed in."""

    user: User


class SessionInfo(msgspec.Struct):
    """Who is signed in, to which ledger, as of which position."""

    user: User
    ledger: str
    position: int


@post("/api/authenticate/options", status_code=200, responses=done(SignInBegun))
async def begin_sign_in(data: JSONBody[Empty], people: FromPeople, site: FromSite) -> SignInBegun:
    """Begin a sign-in: a nonce for any passkey of this ledger."""
    begun = await people.sign_in.begin()
    return SignInBegun(
        ceremony=begun.id,
        ledger=begun.ceremony.ledger,
        nonce=begun.ceremony.nonce,
        public_key=request_options(party=site.settings.party),
    )


@post("/api/authenticate", status_code=200, responses=done(Session))
async def sign_in(
    data: JSONBody[CompleteSignIn],
    request: AnyRequest,
    people: FromPeople,
    sessions: FromSessions,
    models: FromReadModels,
) -> Response[Session]:
    """Sign in with a passkey."""
    assertion = data.assertion.evidence()
    user = await people.sign_in.with_passkey(data.ceremony, assertion)
    opened = Opened(user, assertion.credential_id, by_passkey=True)
    answer = await _signed_in(request, sessions, models, opened)
    await people.sign_in.require_active(assertion.credential_id)  # else nobody gets the cookie
    return answer


@post("/api/sessions", status_code=200, responses=done(Session))
async def sign_in_by_key(
    data: JSONBody[SignedAct],
    request: AnyRequest,
    people: FromPeople,
    sessions: FromSessions,
    models: FromReadModels,
) -> Response[Session]:
    """Sign in with an attested key; machines do this."""
    user, key = await people.sign_in.with_key(data.act)
    opened = Opened(user, key.kid, is_service=key.service is not None)
    answer = await _signed_in(request, sessions, models, opened)
    await people.sign_in.require_active_key(key.kid)  # else nobody gets the cookie
    return answer


def _person(models: ReadModels, user: str) -> User | None:
    with models.views() as (db, at):
        return users.by_id(db, user, at=at, now=models.now())


class Opened(NamedTuple):
    """Who opens a session, and by which passkey or key."""

    user: str
    reference: str
    is_service: bool = False
    by_passkey: bool = False


async def _signed_in(
    request: AnyRequest, sessions: Sessions, models: ReadModels, opened: Opened
) -> Response[Session]:
    user, reference, is_service, by_passkey = opened
    exchange_of(request.scope).person = user
    found = await asyncio.to_thread(_person, models, user)
    if found is None:
        raise NotFoundError("user_unknown", "there is no such person yet")
    cookie = await sessions.open(
        request, user, reference, is_service=is_service, by_passkey=by_passkey
    )
    return Response(Session(found), cookies=[cookie, *(sessions.used_up() if by_passkey else ())])


@post("/api/logout", status_code=204, responses=NOTHING | answers(403, 413, 415, 429))
async def sign_out(
    data: JSONBody[Empty], request: AnyRequest, sessions: FromSessions
) -> Response[None]:
    """End the session."""
    return Response(None, status_code=204, cookies=[await sessions.end(request)])


@get("/api/session", responses=answers(401, 429, 503), security=BY_SESSION, sync_to_thread=True)
def session(
    request: AnyRequest, site: FromSite, sessions: FromSessions, models: FromReadModels
) -> SessionInfo:
    """Tell who is signed in."""
    user = sessions.require(request)
    with models.views() as (db, at):
        found = users.by_id(db, user, at=at, now=models.now())
    if found is None:
        raise UnauthenticatedError("sign_in_required", "sign in first")
    return SessionInfo(found, site.charter.ledger, at)


handlers = [begin_sign_in, sign_in, sign_in_by_key, sign_out, session]
