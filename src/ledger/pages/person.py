"""The page of one person for those who administer: their passkeys, keys and waiting statements."""

from collections.abc import Sequence
from typing import NamedTuple

from litestar import get
from litestar.params import FromPath
from litestar.response import Redirect, Template

from ledger.domain.compromise import REACH_DAYS
from ledger.errors import NotFoundError
from ledger.http.requests import AnyRequest
from ledger.pages.administration import frame, governs, require_administration
from ledger.pages.devices import Device, KeyCard, devices, key_cards
from ledger.pages.web import ROWS, FromWeb, page, to_sign_in
from projections import devices as of_devices
from projections import passkeys, readers, rules, service_accounts, statements, timeline, users
from projections.devices import HeldPasskey
from projections.users import User


class Held(NamedTuple):
    """A passkey or signing key of a person, as a change can declare it compromised.

    `also` are the live keys that a passkey attested: reference and short kid.
    """

    kind: str
    reference: str
    title: str
    began_at: str
    is_live: bool
    since: str | None
    also: list[tuple[str, str]]


class Returning(NamedTuple):
    """A passkey that waits to re-enrol its person, as a change can admit it."""

    credential_id: str
    active_from: str
    needs_admission: bool
    cose: str


@get("/people/{user_id:str}", sync_to_thread=True)
def person(request: AnyRequest, web: FromWeb, user_id: FromPath[str]) -> Template | Redirect:
    """Show what a person holds and what of theirs waits; the browser makes the changes."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        now = web.models.now()
        in_force = rules.in_force(db, at=at)
        require_administration(me, in_force)
        found = users.by_id(db, user_id, at=at, now=now)
        if found is None:
            raise NotFoundError("user_unknown", "there is no such person")
        cards = key_cards(db, found, {}, at=at, now=now)
        positions = passkeys.positions(db, [found.position], at=at, now=now, also_ended=True)
        held = devices(web.models.log, positions, {}, {})
        declared = {
            each.credential_id: of_devices.passkey(
                db, found.position, each.credential_id, at=at, now=now
            )
            for each in held
        }
        reader = readers.of(db, me.id)
        waiting = statements.page(
            db, reader, at=at, now=now, limit=ROWS, status="pending", creator=found.id
        )
        web.access.note(db, reader, "list", [each.position for each in waiting.items])
        link = passkeys.open_link(db, found.position, at=at, now=now)
        services = service_accounts.page(db, at=at, now=now, limit=ROWS, owner=found.id).items
        acted = timeline.last_acts(db, [found.position], at=at).get(found.position)
        context = frame(db, me, in_force, at=at)
    return page(
        "person",
        web,
        me=me,
        position=at,
        person=found,
        held=[
            *(_passkey(each, cards, declared[each.credential_id]) for each in held),
            *map(_key, cards),
        ],
        services=services,
        waiting=waiting.items,
        returning=_returning(found, held),
        link=link,
        acted=acted,
        governs=governs(found, in_force),
        reach=REACH_DAYS,
        recovery_wait=web.recovery_wait(),
        **context,
    )


def _returning(found: User, held: Sequence[Device]) -> list[Returning]:
    keys = {each.credential_id: each.cose for each in held}
    return [
        Returning(each.credential_id, each.active_from, each.needs_admission, keys[name])
        for each in found.recovering
        if each.re_enrols and (name := each.credential_id) in keys
    ]


def _passkey(device: Device, cards: Sequence[KeyCard], known: HeldPasskey | None) -> Held:
    attested = [each for each in cards if each.key.credential_id == device.credential_id]
    return Held(
        kind="passkey",
        reference=device.reference,
        title=device.provider,
        began_at=device.added_at,
        is_live=known is not None and known.removed_at is None,
        since=None if known is None else known.compromised_since,
        also=[(each.reference, each.kid[:8]) for each in attested if each.is_live],
    )


def _key(card: KeyCard) -> Held:
    return Held(
        kind="kid",
        reference=card.reference,
        title=card.kid[:8],
        began_at=card.key.attested_at,
        is_live=card.is_live,
        since=card.key.compromised_since,
        also=[],
    )
