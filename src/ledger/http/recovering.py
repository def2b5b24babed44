"""Routes of recovery: set codes, add a passkey with one or with the link of a re-enrolment."""

from typing import Annotated
from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from ledger.domain.passkey import creation_options
from ledger.http.answers import (
    Created,
    KeyRecorded,
    PersonRecorded,
    RecordedAnswer,
    RegistrationBegun,
    done,
    recorded,
)
from ledger.http.context import FromPeople, FromSite
from ledger.http.passkey_responses import Assertion, Registration
from ledger.http.requests import ActText, ActWithAssertion, OpaqueId, Strict


class BeginRecovery(Strict, frozen=True):
    """Which code or link is used: the kid of its key."""

    code: Annotated[str, Meta(max_length=64)]


class CompleteRecovery(Strict, frozen=True):
    """The new passkey's responses, and the JWS by the key of the code or link."""

    ceremony: OpaqueId
    registration: Registration
    assertion: Assertion
    redeem: ActText


class RecoveryRecorded(RecordedAnswer):
    """A passkey that a code or link added, and what it waits for: a time, and an admission."""

    credential_id: str
    active_from: str
    needs_admission: bool


class OperatorRecoveryCancelled(RecordedAnswer):
    """The recovery by the operator that was cancelled."""

    recovery: str


@post("/api/recovery-codes", responses=recorded(PersonRecorded))
async def set_codes(data: JSONBody[ActWithAssertion], people: FromPeople) -> Created:
    """Replace one's own recovery codes."""
    return Created(await people.recovering.set_codes(data.act, data.evidence()))


@post("/api/recoveries/options", status_code=200, responses=done(RegistrationBegun))
async def begin(
    data: JSONBody[BeginRecovery], people: FromPeople, site: FromSite
) -> RegistrationBegun:
    """Begin a recovery by a code or by the link of a re-enrolment."""
    begun, name = await people.recovering.begin(data.code)
    user = begun.ceremony.user
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
        ledger=site.charter.ledger,
        nonce=begun.ceremony.nonce,
        public_key=options,
    )


@post("/api/recoveries", responses=recorded(RecoveryRecorded))
async def complete(data: JSONBody[CompleteRecovery], people: FromPeople) -> Created:
    """Record a passkey that works when its waiting time is over."""
    return Created(
        await people.recovering.complete(
            data.ceremony, data.registration.passkey(), data.redeem, data.assertion.evidence()
        )
    )


@post("/api/users/{user_id:str}/cancel-recovery", responses=recorded(PersonRecorded))
async def cancel(
    user_id: FromPath[str], data: JSONBody[ActWithAssertion], people: FromPeople
) -> Created:
    """Cancel a recovery that waits: one's own, or another person's as an administrator."""
    return Created(await people.recovering.cancel(user_id, data.act, data.evidence()))


@post("/api/operator-recoveries/cancel", responses=recorded(OperatorRecoveryCancelled))
async def cancel_operators(data: JSONBody[ActWithAssertion], people: FromPeople) -> Created:
    """Cancel the operator's invitations to governance, as somebody with a place in it."""
    return Created(await people.operator_recovery.cancel(data.act, data.evidence()))


@post("/api/jwt-keys/{kid:str}/reaffirm", responses=recorded(KeyRecorded))
async def reaffirm_key(
    kid: FromPath[str], data: JSONBody[ActWithAssertion], people: FromPeople
) -> Created:
    """Let a signing key from before a loss sign again; a passkey of its person confirms it."""
    return Created(await people.keys.reaffirm(kid, data.act, data.evidence()))


handlers = [set_codes, begin, complete, cancel, cancel_operators, reaffirm_key]
