"""The heads key of the ledgers in tests, and heads that it signs."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ledger.encoding import b64_encode
from ledger.jose import OkpJwk, SigningKey
from ledger.tlog.checkpoint import Checkpoint
from tests.support.links import LEDGER

HEADS_KEY = SigningKey.from_seed(hashlib.sha256(b"heads key").digest())
HEADS: OkpJwk = HEADS_KEY.jwk
NEXT_HEADS_KEY = SigningKey.from_seed(hashlib.sha256(b"next heads key").digest())
HEADS_JWK: dict[str, Any] = msgspec.to_builtins(HEADS)
AT_S = 1_795_233_600  # 2026-11-21T04:00:00.000Z


def heads_jwt(
    heads: Mapping[str, int], tree: Checkpoint, key: SigningKey = HEADS_KEY, **changes: Any
) -> bytes:
    """Return signed heads; `changes` are members that a forger says otherwise."""
    said = {
        "act": "heads",
        "heads": dict(sorted(heads.items())),
        "iat": AT_S,
        "ledger": LEDGER,
        "nonce": None,
        "root": b64_encode(tree.root),
        "size": tree.size,
    }
    typ = changes.pop("typ", "act+jwt")
    return key.sign(json.dumps(said | changes).encode(), typ=typ).encode()


def signs_heads(**changes: Any) -> Callable[[Mapping[str, int], Checkpoint, OkpJwk], bytes]:
    """Return a function that signs heads as the publisher would, but for these members.

    It signs with the key that is asked for, unless `changes` have another one.
    """
    keys = {HEADS: HEADS_KEY, NEXT_HEADS_KEY.jwk: NEXT_HEADS_KEY}
    return lambda heads, tree, jwk: heads_jwt(heads, tree, **({"key": keys[jwk]} | changes))
