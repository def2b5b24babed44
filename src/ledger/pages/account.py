"""The pages of a person's own account: devices and sessions, and how to end what was lost."""

import asyncio
import sqlite3
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from ledger import clock
from ledger.domain.compromise import REACH_DAYS
from ledger.domain.holdings import passkey_reference
from ledger.domain.readers import Reader
from ledger.errors import NotFoundError
from ledger.http.requests import AnyRequest
from ledger.pages import draft_types
from ledger.pages.devices import Device, KeyCard, Notes, SessionLine, devices, key_cards
from ledger.pages.told_events import told_event
from ledger.pages.web import FromWeb, Next, Web, local_path, page, to_sign_in
from projections import devices as of_devices
from projections import passkeys, readers
from projections.devices import SignedWith
from projections.users import User


class _Remembered(NamedTuple):
    """What the operational state has of a person's devices."""

    notes: Notes
    used_ms: Mapping[str, int]


async def _remembered(web: Web, me: User) -> _Remembered:
    return _Remembered(
        await web.people.devices.notes(me.id),
        await web.people.passkeys.last_uses(me.credential_ids),
    )


class _Devices(NamedTuple):
    """A person's signing keys and live passkeys."""

    keys: list[KeyCard]
    passkeys: list[Device]


def _devices(
    db: sqlite3.Connection, web: Web, me: User, remembered: _Remembered, *, at: int
) -> _Devices:
    now = web.models.now()
    positions = passkeys.positions(db, [me.position], at=at, now=now)
    return _Devices(
        key_cards(db, me, remembered.notes, at=at, now=now),
        devices(web.models.log, positions, remembered.used_ms, remembered.notes),
    )


@get("/account")
async def account(request: AnyRequest, web: FromWeb) -> Template | Redirect:
    """Show a person's passkeys, keys and sessions."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    fallen = await web.people.passkeys.fallen()
    times = {credential: clock.to_text(at_ms) for credential, at_ms in fallen.items()}
    remembered = await _remembered(web, me)
    codes_left, _ = await web.people.recovering.left(me.id)
    current = web.sessions.current_id(request)
    lines = [SessionLine.of(each, current) for each in await web.sessions.of_user(me.id)]
    shown = {"fallen": times, "sessions": lines, "codes_left": codes_left}
    return await asyncio.to_thread(_account, web, me, remembered, shown)


def _account(web: Web, me: User, remembered: _Remembered, shown: dict[str, object]) -> Template:
    with web.models.views() as (db, at):
        found = _devices(db, web, me, remembered, at=at)
        types = [each.about for each in draft_types.shown(db, at=at) if each.about.is_in_force]
    titles = {each.credential_id: each.title for each in found.passkeys}
    return page(
        "account",
        web,
        me=me,
        position=at,
        signing_keys=[each for each in found.keys if not each.key.service],
        services=[each for each in found.keys if each.key.service],
        types=types,
        devices=found.passkeys,
        titles=titles,
        **shown,
    )


@get("/account/codes")
async def codes(request: AnyRequest, web: FromWeb, onward: Next = None) -> Template | Redirect:
    """Let a person make recovery codes; the browser makes them, and the server never sees one.

    With `next` it is the last step of registration, which can be left out.
    """
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    left, had = await web.people.recovering.left(me.id)
    origin = web.charter.party.origin
    shown = {"left": left, "had": had, "origin": origin, "next": local_path(onward)}
    shown |= {"recovery_wait": await asyncio.to_thread(web.recovery_wait)}
    made = partial(page, "codes", web, me=me, **shown)
    return await asyncio.to_thread(made)


@get("/recover", sync_to_thread=True)
def recover(request: AnyRequest, web: FromWeb) -> Template:
    """Let somebody without a device use a recovery code, after what is quicker."""
    waits = web.recovery_wait()
    return page("recover", web, me=web.session_user(request), recovery_wait=waits)


@get("/device", sync_to_thread=True)
def device(request: AnyRequest, web: FromWeb) -> Template:
    """Let a new device offer its passkey by the link in the address's fragment."""
    return page("device", web, me=web.session_user(request))


@get("/account/lost")
async def lost(request: AnyRequest, web: FromWeb) -> Template | Redirect:
    """Ask which device was lost: one of the person's live keys and passkeys."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    return await asyncio.to_thread(_lost, web, me, await _remembered(web, me))


def _lost(web: Web, me: User, remembered: _Remembered) -> Template:
    with web.models.views() as (db, at):
        found = _devices(db, web, me, remembered, at=at)
    live = [each for each in found.keys if each.is_live]
    return page("lost", web, me=me, position=at, signing_keys=live, devices=found.passkeys)


@get("/account/end")
async def end(
    request: AnyRequest, web: FromWeb, what: FromQuery[str | None] = None
) -> Template | Redirect:
    """Show what a key or passkey can do, let its owner end it, and show what it signed since."""
    me = await asyncio.to_thread(web.session_user, request)
    if me is None:
        return to_sign_in(request)
    remembered = await _remembered(web, me)
    return await asyncio.to_thread(_end, web, me, remembered, what or "")


class EndingDevice(NamedTuple):
    """A key or passkey on the page that ends it.

    `ended_at` is None while it works, `since` the date of its compromise, and `earliest` the first
    time that its owner can name. `vouched` are the live keys that a passkey attested. `is_last` of
    the only passkey, which cannot be ended.
    """

    reference: str
    kind: str
    title: str
    details: str
    began_at: str
    ended_at: str | None
    since: str | None
    earliest: str
    vouched: list[KeyCard]
    is_last: bool


def _end(web: Web, me: User, remembered: _Remembered, what: str) -> Template:
    with web.models.views() as (db, at):
        found = _devices(db, web, me, remembered, at=at)
        kind, _, name = what.partition(":")
        ending = (
            _ending_passkey(db, web, me, (found, remembered), name, at=at)
            if kind == "passkey"
            else _ending_key(found, web, what)
        )
        reader = readers.of(db, me.id)
        signed = _signed(db, web, reader, ending, person=me.position, at=at)
    shown = {"ending": ending, "signed": signed}
    return page("end", web, me=me, position=at, reach=REACH_DAYS, **shown)


def _signed(
    db: sqlite3.Connection, web: Web, reader: Reader, ending: EndingDevice, *, person: int, at: int
) -> SignedWith | None:
    """Return what it signed since the compromise; None if no date was declared."""
    if ending.since is None:
        return None
    log, since = web.models.log, ending.since
    found = of_devices.signed_with(
        db, log, reader, ending.reference, person=person, since=since, at=at, tell=told_event
    )
    web.access.note_events(db, reader, found.items)
    return found


def _earliest(web: Web, began_at: str) -> str:
    now_ms = clock.to_ms(web.models.now())
    return max(began_at, clock.to_text(now_ms - REACH_DAYS * 86_400_000))


def _ending_key(found: _Devices, web: Web, what: str) -> EndingDevice:
    card = next((each for each in found.keys if each.reference == what), None)
    if card is None:
        raise NotFoundError("key_unknown", "you have no such signing key or passkey")
    key = card.key
    return EndingDevice(
        reference=what,
        kind="kid",
        title=card.title,
        details=card.kid[:8],
        began_at=key.attested_at,
        ended_at=None if card.is_live else key.revoked_at or key.expires_at,
        since=key.compromised_since,
        earliest=_earliest(web, key.attested_at),
        vouched=[],
        is_last=False,
    )


def _ending_passkey(
    db: sqlite3.Connection,
    web: Web,
    me: User,
    known: tuple[_Devices, _Remembered],
    name: str,
    *,
    at: int,
) -> EndingDevice:
    found, remembered = known
    held = of_devices.passkey(db, me.position, name, at=at, now=web.models.now())
    if held is None:
        raise NotFoundError("passkey_unknown", "you have no such signing key or passkey")
    (device,) = devices(web.models.log, [held.position], remembered.used_ms, remembered.notes)
    return EndingDevice(
        reference=passkey_reference(name),
        kind="passkey",
        title=device.title,
        details=device.provider,
        began_at=device.added_at,
        ended_at=held.removed_at,
        since=held.compromised_since,
        earliest=_earliest(web, device.added_at),
        vouched=[e for e in found.keys if e.is_live and e.key.credential_id == name],
        is_last=held.removed_at is None and len(found.passkeys) - len(me.recovering) == 1,
    )
