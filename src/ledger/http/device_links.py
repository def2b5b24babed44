"""Routes of the link by which a person adds a passkey on another device.

The old device is signed in. The new one is not: it shows the secret of the link, in the body, which
no log of a proxy keeps.
"""

from contextlib import suppress
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta

from ledger import clock
from ledger.commands.device_links import ShownLink, Stage
from ledger.domain.holdings import passkey_reference
from ledger.domain.passkey import creation_options
from ledger.errors import UnavailableError
from ledger.http import qr_code
from ledger.http.answers import NOTHING, Created, PasskeyRecorded, done, recorded
from ledger.http.context import FromPeople, FromSite, SignedIn
from ledger.http.passkey_responses import Assertion, Registration
from ledger.http.problems import answers
from ledger.http.requests import ActText, AnyRequest, CompleteSignIn, Strict, full_pattern
from ledger.http.user_agents import browser_of

Secret = Annotated[str, Meta(pattern=full_pattern("[A-Za-z0-9_-]{22}"))]


class LinkSecret(Strict, frozen=True):
    """Which link a new device opened."""

    secret: Secret


class OfferPasskey(Strict, frozen=True):
    """The passkey that a new device made by a link, and its assertion over `add-passkey`."""

    secret: Secret
    registration: Registration
    assertion: Assertion


class ApprovePasskey(Strict, frozen=True):
    """The act that adds the offered passkey, and an older passkey's confirmation of it."""

    act: ActText
    confirmation: Assertion


class EndLink(Strict, frozen=True):
    """Why a person ends their link."""

    why: Literal["cancelled", "codes-differ"]


class OpenedLink(msgspec.Struct, rename="camel"):
    """A new link, and the same as a QR code (SVG). Its secret is told once, here."""

    link: str
    qr: str
    expires_at: str


class OfferedPasskey(msgspec.Struct, rename="camel"):
    """The passkey that a new device offered: the SHA-256 of its COSE key (hex), and the browser."""

    cose: str
    browser: str


class LinkOfMine(msgspec.Struct, rename="camel"):
    """A person's link, as their old device sees it."""

    stage: Stage
    nonce: str
    expires_at: str
    offered: OfferedPasskey | None


class LinkToPerson(msgspec.Struct, rename="camel"):
    """A link, as a new device sees it: whose it is, and what it needs to make a passkey.

    Of a link that is not open any more it sees the stage: a link that was left somewhere tells
    nobody later whose it was, and which passkeys they have.
    """

    stage: Stage
    expires_at: str | None = None
    user: str | None = None
    name: str | None = None
    ledger: str | None = None
    nonce: str | None = None
    public_key: dict[str, Any] | None = None


@post("/api/device-links", status_code=201, responses=done(OpenedLink, 401, 403, 422, status=201))
async def open_link(
    data: JSONBody[CompleteSignIn], people: FromPeople, site: FromSite, user: SignedIn
) -> OpenedLink:
    """Open a link for one's new device, with a passkey's assertion as for a sign-in."""
    assertion = data.assertion.evidence()
    secret, expires_ms = await people.device_links.open(user, data.ceremony, assertion)
    link = f"{site.charter.party.origin}/device#{secret}"
    return OpenedLink(link, qr_code.svg(link), clock.to_text(expires_ms))


@get("/api/device-links", responses=answers(401, 404, 429, 503))
async def link_of_mine(people: FromPeople, user: SignedIn) -> LinkOfMine:
    """Show one's newest link, and the passkey that a new device offered by it."""
    shown = await people.device_links.of(user)
    offered = None
    if shown.offer is not None:
        offered = OfferedPasskey(shown.offer.cose, shown.offer.browser)
    return LinkOfMine(shown.stage, shown.link.nonce, _end_of(shown), offered)


@post("/api/device-links/approve", responses=recorded(PasskeyRecorded, 401))
async def approve_offer(
    data: JSONBody[ApprovePasskey], people: FromPeople, user: SignedIn
) -> Created:
    """Add the passkey that a new device offered, after its owner compared the codes."""
    confirmation = data.confirmation.evidence()
    answer, offer = await people.device_links.approve(user, data.act, confirmation)
    added = passkey_reference(offer.passkey.credential_id)
    with suppress(UnavailableError):  # it is recorded
        await people.devices.note_browser(user, added, offer.browser)
    return Created(answer)


@post(
    "/api/device-links/end",
    status_code=204,
    responses=NOTHING | answers(401, 403, 413, 415, 429, 503),
)
async def end_link(data: JSONBody[EndLink], people: FromPeople, user: SignedIn) -> Response[None]:
    """End one's link: it was not needed, or the codes differed."""
    await people.device_links.end(user, data.why)
    return Response(None, status_code=204)


@post("/api/device-links/look", status_code=200, responses=done(LinkToPerson, 404))
async def look_at_link(
    data: JSONBody[LinkSecret], people: FromPeople, site: FromSite
) -> LinkToPerson:
    """Show a new device the link that it opened."""
    shown = await people.device_links.by_secret(data.secret)
    if shown.stage != "open":
        return LinkToPerson(shown.stage)
    return LinkToPerson(
        stage=shown.stage,
        expires_at=_end_of(shown),
        user=shown.link.user,
        name=shown.holder.name,
        ledger=site.charter.ledger,
        nonce=shown.link.nonce,
        public_key=creation_options(
            party=site.settings.party,
            party_name=site.settings.name,
            user=UUID(shown.link.user).bytes,
            user_name=shown.holder.name,
            exclude=shown.passkeys,
        ),
    )


@post(
    "/api/device-links/offer",
    status_code=204,
    responses=NOTHING | answers(403, 404, 409, 413, 415, 422, 429, 503),
)
async def offer_passkey(
    data: JSONBody[OfferPasskey], request: AnyRequest, people: FromPeople
) -> Response[None]:
    """Offer a new device's passkey to the person who opened the link."""
    passkey, assertion = data.registration.passkey(), data.assertion.evidence()
    browser = browser_of(request.headers.get("user-agent", ""))
    await people.device_links.offer(data.secret, passkey, assertion, browser)
    return Response(None, status_code=204)


def _end_of(shown: ShownLink) -> str:
    return clock.to_text(shown.link.expires_ms)


of_members = [open_link, link_of_mine, approve_offer, end_link]
of_new_devices = [look_at_link, offer_passkey]
