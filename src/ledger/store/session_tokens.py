"""Tokens of sessions: secrets with a tag that only this ledger can compute.

All sessions are looked up in one thread. So what strangers make up, or what is known to be over,
is refused without a look: otherwise a few hundred such requests a second would keep members
waiting, on a database a few milliseconds away for seconds.
"""

import hmac
import secrets

from ledger.encoding import b64u_encode

MAX_OVER = 10_000
MAX_CHARS = 256
_TAG_BYTES = 16
_LABEL = b"ledger session v1\n"


class SessionTokens:
    """The tokens of one ledger."""

    def __init__(self, key: bytes) -> None:
        """`key` is the random key of this ledger's ceremonies."""
        self._key = key
        self._over: set[str] = set()

    def new(self, prefix: str = "") -> str:
        """Return a new secret token that begins with the prefix."""
        secret = prefix + secrets.token_urlsafe(32)
        return f"{secret}.{self._tag(secret)}"

    def may_open(self, token: str) -> bool:
        """Tell whether this ledger made a token and no look has found that it is over."""
        if len(token) > MAX_CHARS or token in self._over:
            return False
        secret, _, tag = token.rpartition(".")
        return hmac.compare_digest(tag.encode(), self._tag(secret).encode())

    def note_over(self, token: str) -> None:
        """Remember that a token opens nothing any more; nothing makes it open a session again."""
        if len(self._over) >= MAX_OVER:
            self._over.clear()
        self._over.add(token)

    def _tag(self, secret: str) -> str:
        digest = hmac.digest(self._key, _LABEL + secret.encode(), "sha256")
        return b64u_encode(digest[:_TAG_BYTES])
