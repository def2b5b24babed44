"""The port of the operational state: what a server may forget.

It holds the key of ceremonies, sessions, sign counts, wrapped keys, names that were used once, what
people call their devices, links for new devices, and the access record. Losing it ends open
ceremonies and links, signs everybody out, brings synced keys to no further browser, and takes the
labels of keys and passkeys; who read what until then is not known any more.
Every call may raise UnavailableError `state_unavailable`.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

# How long the access record keeps a line, and how many lines; then the oldest ones go.
ACCESS_DAYS = 400
MOST_ACCESSES = 1_000_000
MOST_SESSIONS = 1_000  # of one person; then the oldest ones end
HOUR_MS = 3_600_000
# What was shown: one statement, a list, events, the trail, a bundle of a mode, or what is kept of a
# person.
AccessKind = Literal[
    "statement",
    "document",
    "jws",
    "list",
    "timeline",
    "trail",
    "evidence-statement",
    "evidence-redacted",
    "evidence-full",
    "access-report",
]


def session_id(token_sha256: bytes) -> str:
    """Return a session's id, 32 hexadecimal characters, by the digest of its token."""
    return hashlib.sha256(b"session id" + token_sha256).hexdigest()[:32]


class OpenSession(msgspec.Struct, frozen=True):
    """A session as its owner sees it, with times in ms; `id` tells nothing of its token.

    `opened_by` is the credential id or the kid that opened it, `browser` what did so.
    """

    id: str
    opened_by: str
    browser: str
    opened_ms: int
    seen_ms: int
    expires_ms: int


class WrappedKey(msgspec.Struct, frozen=True):
    """A signing key that only a passkey's secret opens; one for each kid and credential id."""

    kid: str
    credential_id: str
    wrapped: bytes


class DeviceNote(msgspec.Struct, frozen=True):
    """What is remembered of a key or passkey; each is empty where nothing is.

    `browser` is what added it, as the browser said of itself; `label` is its owner's own word.
    """

    browser: str = ""
    label: str = ""


# Its person cancelled it, or saw two codes; or the ledger refused the passkey that was approved.
LinkEnd = Literal["cancelled", "codes-differ", "refused"]


class DeviceLink(msgspec.Struct, frozen=True):
    """A link by which a new device offers its passkey to a person; each person has one at most.

    `secret_sha256` is the digest of its secret, `ceremony` the addition of a passkey that it
    opened, with its `nonce`. `offer` is what a device sent, None until then; `ended` says why it
    ended early, None while it works.
    """

    user: str
    secret_sha256: bytes
    ceremony: str
    nonce: str
    expires_ms: int
    offer: bytes | None = None
    ended: LinkEnd | None = None


class Access(msgspec.Struct, frozen=True):
    """A line of the access record: who was shown what, when first in an hour; ids only.

    `about` is the id of the statement, of the person of an access report, or None for several.
    """

    at_ms: int
    person: str
    kind: AccessKind
    about: str | None = None


class OperationalState(Protocol):
    """The operational state of one ledger; every call is one short transaction."""

    @property
    def ceremony_key(self) -> bytes:
        """The 32 random bytes that authenticate ceremonies, the same to every process."""
        ...

    @property
    def born_ms(self) -> int:
        """When this state was created, in ms; 0 if it is as old as its ledger.

        Names that were used earlier are not known to it.
        """
        ...

    def close(self) -> None:
        """Close the storage."""
        ...

    def open_session(
        self, token: str, user: str, *, opened_by: str, browser: str, now_ms: int, expires_ms: int
    ) -> None:
        """Open the session of a secret token; delete sessions that are over.

        Of this person the newest MOST_SESSIONS are kept.
        """
        ...

    def sessions(self, tokens: Sequence[str]) -> list[tuple[str, str, int, int] | None]:
        """Return of each token whose session it opens and what opened it, None without.

        What opened it is a credential id or a kid. Then come its end and when it was last seen, in
        ms.
        """
        ...

    def see_session(self, token: str, *, now_ms: int) -> None:
        """Keep that a session was used now."""
        ...

    def sessions_of(self, user: str) -> list[OpenSession]:
        """Return a person's sessions, the newest first, also those that are over."""
        ...

    def last_seen(self, users: Sequence[str]) -> dict[str, int]:
        """Return when sessions of these people were last used, in ms, as far as it is known."""
        ...

    def close_session_of(self, user: str, ended: str) -> None:
        """End one of a person's sessions by its id."""
        ...

    def close_session(self, token: str) -> None:
        """End a session."""
        ...

    def close_sessions(self, user: str) -> None:
        """End all sessions of a person."""
        ...

    def close_sessions_of(self, opened_by: str) -> None:
        """End all sessions that a passkey or key opened."""
        ...

    def note_sign_count(self, credential_id: str, count: int, *, now_ms: int) -> None:
        """Keep a verified assertion's count, and when one did not grow."""
        ...

    def fallen_counts(self) -> dict[str, int]:
        """Return the passkeys whose sign count did not grow, and when in ms since 1970."""
        ...

    def keep_wrapped_key(self, user: str, key: WrappedKey) -> bool:
        """Keep a person's wrapped key; False if another of the same key and passkey is kept."""
        ...

    def wrapped_keys(self, user: str) -> list[WrappedKey]:
        """Return a person's wrapped keys."""
        ...

    def forget_wrapped_key(self, key: WrappedKey) -> None:
        """Delete one wrapped key."""
        ...

    def forget_wrapped_keys_of(self, name: str) -> None:
        """Delete what belongs to a kid, or to a credential id."""
        ...

    def note_browser(self, user: str, reference: str, browser: str) -> None:
        """Keep which browser added a person's key or passkey; what was kept first stays."""
        ...

    def label(self, user: str, reference: str, label: str) -> None:
        """Keep what a person calls a key or passkey, in place of an older label."""
        ...

    def device_notes(self, user: str) -> dict[str, DeviceNote]:
        """Return what is remembered of a person's keys and passkeys, by reference."""
        ...

    def open_device_link(self, link: DeviceLink) -> None:
        """Keep a person's link, in place of the one before."""
        ...

    def device_link(self, name: str | bytes) -> DeviceLink | None:
        """Return a person's newest link, or that with a secret of this digest; also if it ended."""
        ...

    def offer_by_link(self, secret_sha256: bytes, offer: bytes) -> bytes | None:
        """Keep what a device offers by a link; return what is kept: the first offer stays.

        None if there is no such link, or it was ended before.
        """
        ...

    def end_device_link(self, user: str, ended: LinkEnd) -> None:
        """End a person's link; why it ended first stays."""
        ...

    def last_uses(self, credential_ids: Sequence[str]) -> dict[str, int]:
        """Return when these passkeys were last used, in ms since 1970, as far as it is known."""
        ...

    def note_access(self, access: Access, *, most: int = MOST_ACCESSES) -> None:
        """Keep a line of the access record, durably.

        The second line of a person, kind and statement in an hour of UTC is the first one again.
        Lines older than ACCESS_DAYS go, and the oldest of more than `most`.
        """
        ...

    def accesses(self, *, before: int | None, limit: int) -> list[tuple[int, Access]]:
        """Return lines of the access record with their numbers, the newest first.

        `before` is a number: only older lines are returned.
        """
        ...

    def use_once(self, name: str, *, now_ms: int, expires_ms: int) -> None:
        """Take a name that may be used once; raise RefusedError `already_used`.

        A name is forgotten once it expired. One that expires no later than any that was forgotten
        is refused too: the clock was set back, and it may be one of them.
        """
        ...
