"""Routes of registration, sign-in, keys and passkeys."""

import asyncio
from contextlib import suppress
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody

from ledger.commands.invitations import OpenInvitation
from ledger.domain.passkey import creation_options, request_options
from ledger.errors import NotFoundError, UnauthenticatedError, UnavailableError
from ledger.http import device_links, devices, own_sessions, recovering, wrapped_keys
from ledger.http.answers import (
    NOTHING,
    Created,
    KeyRecorded,
    PasskeyRecorded,
    Registered,
    RegistrationBegun,
    SignInBegun,
    done,
    recorded,
)
from ledger.http.context import (
    BY_SESSION,
    FromPeople,
    FromReadModels,
    FromSessions,
    FromSite,
    SignedIn,
    signed_in,
)
from ledger.http.exchange import exchange_of, note_answer
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.requests import (
    ActWithAssertion,
    AnyRequest,
    BeginRegistration,
    CompleteKey,
    CompletePasskey,
    CompleteRegistration,
    CompleteSignIn,
    Empty,
    SignedAct,
)
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


@get("/api/invitations/{kid:str}", responses=answers(403, 409, 429, 503))
async def look_at_invitation(kid: FromPath[str], people: FromPeople) -> OpenInvitation:
    """Show an invitation that can be used, by the kid of its key; refuse one that is over."""
    return await people.invitations.look(kid)


@post("/api/credentials", status_code=200, responses=done(RegistrationBegun, 404))
async def begin_registration(
    data: JSONBody[BeginRegistration], people: FromPeople, site: FromSite
) -> RegistrationBegun:
    """Begin a registration: options for a new passkey, and a nonce for its attestation."""
    begun = await people.registration.begin(data.name, data.role, data.invitation)
    return RegistrationBegun(
        ceremony=begun.id,
        user=begun.ceremony.user,
        ledger=site.charter.ledger,
        nonce=begun.ceremony.nonce,
        public_key=creation_options(
            party=site.settings.party,
            party_name=site.settings.name,
            user=UUID(begun.ceremony.user).bytes,
            user_name=data.name,
        ),
    )


@post("/api/register/complete", responses=recorded(Registered))
async def complete_registration(
    data: JSONBody[CompleteRegistration],
    request: AnyRequest,
    people: FromPeople,
    sessions: FromSessions,
    models: FromReadModels,
) -> Response[bytes]:
    """Record a person, their passkey and their attested key, or nothing at all."""
    answer, user = await people.registration.complete(
        data.ceremony, data.registration.passkey(), data.key.submission(), data.redeem
    )
    note_answer(request.scope, answer)
    response = Response(answer.body, status_code=201, media_type="application/json")
    if user is not None:
        # It is recorded, even if there is no session, or reads do not show it yet.
        with suppress(UnavailableError):
            await devices.note_browser(request, people, user, answer, data.registration.id)
            response.set_cookie(await sessions.open(request, user, data.registration.id))
            await models.wait_for(answer.position)
    return response


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
    answer = await _signed_in(request, sessions, models, user, opened_by=assertion.credential_id)
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
    user, kid = await people.sign_in.with_key(data.act)
    answer = await _signed_in(request, sessions, models, user, opened_by=kid)
    await people.sign_in.require_active_key(kid)  # else nobody gets the cookie
    return answer


def _person(models: ReadModels, user: str) -> User | None:
    with models.views() as (db, at):
        return users.by_id(db, user, at=at, now=models.now())


async def _signed_in(
    request: AnyRequest, sessions: Sessions, models: ReadModels, user: str, *, opened_by: str
) -> Response[Session]:
    exchange_of(request.scope).person = user
    found = await asyncio.to_thread(_person, models, user)
    if found is None:
        raise NotFoundError("user_unknown", "there is no such person yet")
    return Response(Session(found), cookies=[await sessions.open(request, user, opened_by)])


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


@post("/api/jwt-keys/options", status_code=200, responses=done(RegistrationBegun, 401, 404))
async def begin_key(
    data: JSONBody[Empty], people: FromPeople, site: FromSite, user: SignedIn
) -> RegistrationBegun:
    """Begin the attestation of one more signing key."""
    begun = await people.keys.begin(user)
    return RegistrationBegun(
        ceremony=begun.id,
        user=user,
        ledger=site.charter.ledger,
        nonce=begun.ceremony.nonce,
        public_key=request_options(party=site.settings.party, allow=begun.passkeys),
    )


@post("/api/jwt-keys", responses=recorded(KeyRecorded, 401))
async def add_key(
    data: JSONBody[CompleteKey], request: AnyRequest, people: FromPeople, user: SignedIn
) -> Created:
    """Record one more attested key."""
    answer = await people.keys.add(user, data.ceremony, data.key.submission())
    await devices.note_browser(request, people, user, answer)
    return Created(answer)


@post("/api/jwt-keys/{kid:str}/revoke", responses=recorded(KeyRecorded))
async def revoke_key(
    kid: FromPath[str], data: JSONBody[ActWithAssertion], people: FromPeople
) -> Created:
    """End a signing key of one's own; a passkey confirms it, unless the key ends itself."""
    return Created(await people.keys.revoke(kid, data.act, data.evidence()))


@post("/api/passkeys/options", status_code=200, responses=done(RegistrationBegun, 401, 404))
async def begin_passkey(
    data: JSONBody[Empty], people: FromPeople, site: FromSite, user: SignedIn
) -> RegistrationBegun:
    """Begin the registration of one more passkey."""
    begun, name = await people.passkeys.begin(user)
    options = creation_options(
        party=site.settings.party,
        party_name=site.settings.name,
        user=UUID(user).bytes,
        user_name=name,
        exclude=begun.passkeys,
    )
    return RegistrationBegun(
        ceremony=begun.id,
        user=user,
        ledger=begun.ceremony.ledger,
        nonce=begun.ceremony.nonce,
        public_key=options,
    )


@post("/api/passkeys", responses=recorded(PasskeyRecorded, 401))
async def add_passkey(
    data: JSONBody[CompletePasskey], request: AnyRequest, people: FromPeople, user: SignedIn
) -> Created:
    """Record one more passkey, which works, and which an older one confirms."""
    passkey = data.registration.passkey()
    proofs = data.assertion.evidence(), data.confirmation.evidence()
    answer = await people.passkeys.add(user, data.ceremony, passkey, data.act, proofs)
    await devices.note_browser(request, people, user, answer)
    return Created(answer)


@post("/api/passkeys/{credential_id:str}/remove", responses=recorded(PasskeyRecorded))
async def remove_passkey(
    credential_id: FromPath[str], data: JSONBody[ActWithAssertion], people: FromPeople
) -> Created:
    """End a passkey of one's own; a passkey confirms it."""
    return Created(await people.passkeys.remove(credential_id, data.act, data.evidence()))


public = [
    look_at_invitation,
    begin_registration,
    begin_sign_in,
    complete_registration,
    sign_in,
    sign_in_by_key,
    sign_out,
    session,
    revoke_key,
    remove_passkey,
    *recovering.handlers,
    *device_links.of_new_devices,
]
members_only = Router(
    "/",
    route_handlers=[
        begin_key,
        add_key,
        begin_passkey,
        add_passkey,
        *wrapped_keys.handlers,
        *own_sessions.handlers,
        *devices.handlers,
        *device_links.of_members,
    ],
    dependencies={"user": Provide(signed_in, sync_to_thread=False)},
    security=BY_SESSION,
)
