"""The port of the operational state: what a server may forget.

It holds the key of ceremonies, sessions, sign counts of sign-ins, and names that were used once.
Losing it ends open ceremonies and signs everybody out, and nothing more. Every call may raise
UnavailableError `state_unavailable`.
"""

from typing import Protocol


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

    def open_session(self, token: str, user: str, *, now_ms: int, expires_ms: int) -> None:
        """Open the session of a secret token; delete sessions that are over."""
        ...

    def session(self, token: str) -> tuple[str, int] | None:
        """Return whose session a token opens and when it ends, in ms; None if there is none."""
        ...

    def close_session(self, token: str) -> None:
        """End a session."""
        ...

    def close_sessions(self, user: str) -> None:
        """End all sessions of a person."""
        ...

    def sign_count(self, credential_id: str) -> int:
        """Return the last sign count seen outside the log, 0 if none."""
        ...

    def advance_sign_count(self, credential_id: str, count: int) -> None:
        """Keep a verified assertion's count; it never goes back."""
        ...

    def use_once(self, name: str, *, now_ms: int, expires_ms: int) -> None:
        """Take a name that may be used once; raise RefusedError `already_used`."""
        ...
