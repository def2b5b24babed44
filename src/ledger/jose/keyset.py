"""JWK Sets (RFC 7517 section 5), and every type in which a caller can pass keys.

A header's `kid` only narrows the candidates; it does not prove who signed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from ledger.errors import LedgerError, MalformedError
from ledger.jose.algorithms import PublicKey
from ledger.jose.keys import Key, import_public, parse_key, secret_key
from ledger.jose.outcome import Failure, failure

MAX_SET_KEYS = 4096


class KeySet(msgspec.Struct, frozen=True, eq=False):
    """The usable keys of a JWK Set in its order, and the reasons why others are unusable.

    `single`: the caller passed one key alone. Then only strict matching compares its `kid`.
    """

    keys: tuple[Key, ...]
    unusable: tuple[tuple[str | None, Failure], ...] = ()
    single: bool = False
    by_kid: Mapping[str, tuple[Key, ...]] = {}

    def named(self, kid: str) -> tuple[Key, ...]:
        """Return all keys with this kid or thumbprint (RFC 7517 section 4.5: a kid can repeat)."""
        return self.by_kid.get(kid, ())

    def to_jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public JWK Set; raise MalformedError `private_key_refused` for secrets."""
        return {"keys": [key.to_jwk() for key in self.keys]}


# A JWK or JWK Set (a mapping), a Key or KeySet, a `cryptography` public key, an HMAC secret.
OneKeyInput = Mapping[str, Any] | Key | KeySet | PublicKey | bytes | bytearray
# One of these, or several.
KeyInput = OneKeyInput | Sequence[OneKeyInput]
# Called with a copy of the protected header; returns a KeyInput, or None for an unknown key.
Lookup = Callable[[dict[str, Any]], KeyInput | None]
# The same, but its result may have to be awaited.
AsyncLookup = Callable[[dict[str, Any]], Awaitable[KeyInput | None] | KeyInput | None]
# The keys for every entry, or a lookup that is asked for each.
Keys = KeySet | Lookup


def make_set(
    keys: Sequence[Key],
    *,
    unusable: Sequence[tuple[str | None, Failure]] = (),
    single: bool = False,
) -> KeySet:
    """Return a set with an index by kid, and by the thumbprint of each public key."""
    by_kid: dict[str, tuple[Key, ...]] = {}
    for key in keys:
        names = set() if key.kty == "oct" else {key.thumbprint}
        for name in names if key.kid is None else names | {key.kid}:
            by_kid[name] = (*by_kid.get(name, ()), key)
    return KeySet(tuple(keys), tuple(unusable), single, by_kid)


def parse_key_set(jwks: Mapping[str, Any]) -> KeySet:
    """Return a parsed JWK Set; unusable keys are reported in `unusable` and are not fatal.

    Raises MalformedError `jwk_invalid` if `keys` is not a list or has over 4,096 members.
    """
    listed = jwks.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_SET_KEYS:
        raise MalformedError("jwk_invalid", "a JWK Set must have a list of at most 4,096 keys")
    keys: list[Key] = []
    unusable: list[tuple[str | None, Failure]] = []
    for jwk in listed:
        try:
            if not isinstance(jwk, Mapping):
                raise MalformedError("jwk_invalid", "a key of the set is not an object")
            keys.append(parse_key(jwk))
        except LedgerError as error:
            kid = jwk.get("kid") if isinstance(jwk, Mapping) else None
            unusable.append((kid if isinstance(kid, str) else None, failure(error)))
    return make_set(keys, unusable=unusable)


def key_set(given: KeyInput) -> KeySet:
    """Return keys of any accepted type as a set; raise MalformedError as `parse_key` does."""
    if isinstance(given, KeySet):
        return given
    if isinstance(given, Key):
        return make_set([given], single=True)
    if isinstance(given, Mapping):
        if "keys" in given and "kty" not in given:
            return parse_key_set(given)
        return make_set([parse_key(given)], single=True)
    if isinstance(given, bytes | bytearray):
        return make_set([secret_key(bytes(given))], single=True)
    if isinstance(given, list | tuple):
        return _listed(given)
    return make_set([import_public(given)], single=True)


def _listed(given: Sequence[KeyInput]) -> KeySet:
    if any(isinstance(member, list | tuple) for member in given):
        raise MalformedError("jwk_invalid", "a list of keys must not contain lists")
    sets = [key_set(member) for member in given]
    keys = [key for each in sets for key in each.keys]
    if len(keys) > MAX_SET_KEYS:
        raise MalformedError("jwk_invalid", "a list must have at most 4,096 keys")
    return make_set(keys, unusable=[unusable for each in sets for unusable in each.unusable])
