"""Sign counts of passkeys that the log does not know: those of sign-ins."""

from ledger.errors import RefusedError


def require_growth(seen: int, count: int) -> None:
    """Raise RefusedError `passkey_assertion_refused` for a sign count that was already passed."""
    if seen and count <= seen:
        raise RefusedError("passkey_assertion_refused", "the passkey's count did not grow")
