"""The files of a bundle that no check rests on, so that a reader knows what not to trust."""

from collections.abc import Sequence, Set
from typing import Literal

import msgspec

from ledger.encoding import sha256_hex
from ledger.timestamp.response import claimed_time
from ledger.verify.container import (
    OFFLINE_VERIFIER,
    POLICY,
    README,
    STAMP,
    STAMP_CERTIFICATES,
    Files,
    Mode,
)
from ledger.verify.readme import readme

# In the order in which a reader may open them.
_COMPANIONS = (README, OFFLINE_VERIFIER, STAMP, POLICY, STAMP_CERTIFICATES)


class Companion(msgspec.Struct, frozen=True):
    """A file that proves nothing here, and its SHA-256 in hex.

    `state` is `foreign` for a README that is not the one of its format, else `unchecked`. `claims`
    is the time that a time-stamp states, which nobody verified here; None without one.
    """

    name: str
    sha256: str
    state: Literal["foreign", "unchecked"]
    claims: str | None = None


def companions(files: Files, mode: Mode) -> tuple[Companion, ...]:
    """Return the files that no check rests on; the README only if it is foreign.

    The time-stamp is one of them unless the caller trusts an authority. A witness policy and
    certificates count as the caller gives them, never as the bundle has them.
    """
    found = []
    for name in _COMPANIONS:
        content = files.get(name)
        if content is None:
            continue
        if name != README:
            claims = claimed_time(content) if name == STAMP else None
            found.append(Companion(name, sha256_hex(content), "unchecked", claims))
        elif content != readme(mode):
            found.append(Companion(name, sha256_hex(content), "foreign"))
    return tuple(found)


def unchecked(found: Sequence[Companion], passed: Set[str]) -> tuple[Companion, ...]:
    """Return the companions that the checks that passed left out, by the names of these checks."""
    return tuple(each for each in found if each.name != STAMP or "time" not in passed)


def told_companion(companion: Companion) -> str:
    """Return what a reader should know of a file, in one sentence."""
    of = f"{companion.name}, SHA-256 {companion.sha256}"
    match companion.state:
        case "foreign":
            return f"{of}: not the one of this format, so do not follow it."
        case "unchecked":
            at = companion.claims
            claimed = "" if at is None else f"It claims that the checkpoint existed at {at[:19]}Z: "
            return f"{of}: {claimed}not checked, and no evidence."
