"""Sign heads: how many events each stream of a bundle has. The ledger's heads key does it.

The key is always at hand, unlike the ledger's own key. It signs no checkpoint and no act that the
log records, so a thief of it can hide events from the readers of bundles, and nothing more.
"""

from collections.abc import Callable, Mapping

import msgspec

from ledger.domain.acts import TYP
from ledger.domain.ledger_acts import MAX_HEADS, Heads
from ledger.encoding import b64_encode
from ledger.errors import ConflictError, LedgerError, TooLargeError, UnavailableError
from ledger.jose import OkpJwk, SigningKey
from ledger.keystore.opening import open_signing_key
from ledger.keystore.places import KeyPlace
from ledger.tlog.checkpoint import Checkpoint

# Takes the number of events of each stream, the tree that has them, and the heads key in force at
# its size; returns a compact JWS.
SignHeads = Callable[[Mapping[str, int], Checkpoint, OkpJwk], bytes]


class HeadsKey:
    """The heads key at its place, opened when it signs first."""

    def __init__(self, place: KeyPlace) -> None:
        self._place = place
        self._key: SigningKey | None = None
        self._refused: ConflictError | None = None

    def signer(self, ledger: str, *, nonce: str | None, now_ms: int) -> SignHeads:
        """Return a function that signs heads of this ledger, at this time and for this nonce.

        The function raises UnavailableError `heads_key_missing`, and TooLargeError
        `bundle_too_large` for more streams than heads can name.
        """

        def sign(heads: Mapping[str, int], tree: Checkpoint, key: OkpJwk) -> bytes:
            if len(heads) > MAX_HEADS:
                detail = f"more than {MAX_HEADS:,} streams: take a bundle of mode redacted or full"
                raise TooLargeError("bundle_too_large", detail)
            said = Heads(
                iat=now_ms // 1000,
                ledger=ledger,
                heads=dict(sorted(heads.items())),
                nonce=nonce,
                root=b64_encode(tree.root),
                size=tree.size,
            )
            return self._open(key).sign(msgspec.json.encode(said), typ=TYP).encode()

        return sign

    def _open(self, expected: OkpJwk) -> SigningKey:
        """Return the key. A device that refuses the PIN is not asked again: it would lock."""
        if self._key is None or self._key.jwk != expected:
            try:
                if self._refused is not None:
                    raise self._refused
                self._key = open_signing_key(self._place)
            except (LedgerError, OSError) as error:
                self._refused = error if isinstance(error, ConflictError) else None
                detail = f"the ledger's heads key cannot be used: {error}"
                raise UnavailableError("heads_key_missing", detail) from error
        if self._key.jwk != expected:
            detail = f"{self._place} is not the heads key as of the newest checkpoint"
            raise UnavailableError("heads_key_missing", detail)
        return self._key
