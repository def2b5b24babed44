"""What pages say of a person's signing keys, passkeys and sessions."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET

from ledger import clock
from ledger.domain.events import PasskeyAdded
from ledger.domain.held_passkeys import cose_digest
from ledger.domain.holdings import key_reference, passkey_reference
from ledger.domain.vocabulary import KeyHome
from ledger.http.user_agents import UNKNOWN
from ledger.pages.texts import text
from ledger.store.ports.operations import DeviceNote, OpenSession
from projections import devices as of_devices
from projections import keys
from projections.facts import LogReader
from projections.keys import KeySummary
from projections.users import User

# The AAGUID in a registration names the model of authenticator, where it has one. Unless its
# attestation statement was verified nothing proves it, so it is shown and decides nothing. From the
# community's list, https://github.com/passkeydeveloper/passkey-authenticator-aaguids (2026).
PROVIDERS = {
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "Apple Passwords (managed)",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
    "f3809540-7f14-49c1-a8b3-8f813b225541": "Enpass",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
}
_ROAMING = {"usb", "nfc", "ble", "smart-card"}


Notes = Mapping[str, DeviceNote]
NOTHING = DeviceNote()
OLD_MS = 365 * 24 * 60 * 60 * 1000


class KeyCard(NamedTuple):
    """A signing key as its owner knows it; `is_live` until it was revoked or has expired.

    `signed` is how many decisions it signed, `most` if older ones were not counted. It
    `is_old` after a year, when its owner is told to replace it.
    """

    kid: str
    reference: str
    title: str
    label: str
    browser: str
    home: KeyHome
    key: KeySummary
    is_live: bool
    is_old: bool
    signed: int
    most: bool


class Device(NamedTuple):
    """A passkey as its owner knows it; `used_at` is None if this server has seen no use of it.

    `cose` is the SHA-256 of its COSE key in hex, by which a change names it.
    """

    credential_id: str
    reference: str
    title: str
    label: str
    browser: str
    cose: str
    provider: str
    backup: str
    added_at: str
    position: int
    used_at: str | None


def browser_words(label: str) -> str:
    """Return what `browser_of` noted, in the language of the answer; empty for another program."""
    browser, _, system = label.partition(" on ")
    if label == UNKNOWN or not system:
        return "" if label == UNKNOWN else label
    return text("device.browser.on", browser=browser, system=system)


class SessionLine(NamedTuple):
    """A session as its owner knows it."""

    id: str
    browser: str
    opened_at: str
    seen_at: str
    ends_at: str
    current: bool

    @classmethod
    def of(cls, session: OpenSession, current: str) -> "SessionLine":
        """Return the line of a session."""
        is_current = session.id == current
        times = (session.opened_ms, session.seen_ms, session.expires_ms)
        opened, seen, ends = map(clock.to_text, times)
        browser = browser_words(session.browser) or text("device.browser.unknown")
        return cls(session.id, browser, opened, seen, ends, is_current)


def key_cards(
    db: sqlite3.Connection, me: User, notes: Notes, *, at: int, now: str
) -> list[KeyCard]:
    """Return a person's signing keys: those that work first, and each group newest first."""
    counts, is_all = of_devices.signatures(db, me.position, at=at)
    old = clock.to_text(clock.to_ms(now) - OLD_MS)
    cards = []
    for key in reversed(keys.of_user(db, me.id, at=at, now=now)):
        note = notes.get(key_reference(key.kid), NOTHING)
        browser = browser_words(note.browser)
        card = KeyCard(
            kid=key.kid,
            reference=key_reference(key.kid),
            title=_title(key, note.label or browser),
            label=note.label,
            browser=browser,
            home=key.home,
            key=key,
            is_live=key.kid in me.kids or key.kid in me.unaffirmed or _works(key),
            is_old=key.kid in me.kids and key.attested_at < old,
            signed=of_devices.signatures_of(counts, key.kid),
            most=not is_all,
        )
        cards.append(card)
    return sorted(cards, key=lambda card: not card.is_live)


def _title(key: KeySummary, known: str) -> str:
    if key.service is not UNSET:
        return key.service.name
    return known or text("device.key")


def _works(key: KeySummary) -> bool:
    """Tell whether it is the key of a service account that has not ended."""
    return key.service is not UNSET and key.status in ("active", "waiting")


def devices(
    log: LogReader, positions: Sequence[int], used_ms: Mapping[str, int], notes: Notes
) -> list[Device]:
    """Return the passkeys that were added at these positions, in that order."""
    found = []
    for recorded in log.events_at(positions):
        match recorded.event.body:
            case PasskeyAdded() as added:
                reference = passkey_reference(added.credential_id)
                note = notes.get(reference, NOTHING)
                provider, backup = _kind(added)
                used = used_ms.get(added.credential_id)
                found.append(
                    Device(
                        credential_id=added.credential_id,
                        reference=reference,
                        title=note.label or provider,
                        label=note.label,
                        browser=browser_words(note.browser),
                        cose=cose_digest(added.public_key),
                        provider=provider,
                        backup=backup,
                        added_at=recorded.event.at,
                        position=recorded.position,
                        used_at=None if used is None else clock.to_text(used),
                    )
                )
    return found


def _kind(added: PasskeyAdded) -> tuple[str, str]:
    """Return who keeps a passkey, and a sentence on its backup, by its registration."""
    roaming = not _ROAMING.isdisjoint(added.transports)
    provider = PROVIDERS.get(
        added.aaguid, text("device.security-key" if roaming else "device.passkey")
    )
    if added.backed_up:
        return provider, text("device.backed-up")
    return provider, text("device.not-backed-up")
