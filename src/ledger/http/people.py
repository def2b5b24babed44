"""Routes of registration, keys and passkeys."""

from contextlib import suppress
from uuid import UUID

from litestar import Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody

from ledger.commands.invitations import OpenInvitation
from ledger.domain.passkey import creation_options, request_options
from ledger.errors import ForbiddenError, RefusedError, UnavailableError
from ledger.http import device_links, devices, own_sessions, recovering, sign_in, wrapped_keys
from ledger.http.answers import (
    Created,
    KeyRecorded,
    PasskeyRecorded,
    Registered,
    RegistrationBegun,
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
from ledger.http.exchange import note_answer
from ledger.http.problems import answers
from ledger.http.requests import (
    ActWithAssertion,
    AnyRequest,
    BeginRegistration,
    CompleteKey,
    CompletePasskey,
    CompleteRegistration,
    Empty,
)
from ledger.http.routes import Routes


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
        with suppress(UnavailableError, ForbiddenError, RefusedError):
            await devices.note_browser(request, people, user, answer, data.registration.id)
            passkey = data.registration.id
            response.set_cookie(await sessions.open(request, user, passkey, by_passkey=True))
            response.cookies.extend(sessions.used_up())
            await models.wait_for(answer.position)
    return response


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
    complete_registration,
    *sign_in.handlers,
    revoke_key,
    remove_passkey,
    *recovering.handlers,
    *device_links.of_new_devices,
]
members_only = Routes(
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
