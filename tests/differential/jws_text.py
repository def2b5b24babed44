"""Mutations of compact and general JWSs.

Most are signed after they were changed: a verifier gets past the signature and has to read them.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from ledger.encoding import b64u_encode
from ledger.jose import OkpJwk, PublicJwk, thumbprint
from tests.differential.hazards import ALGS, MEMBERS
from tests.differential.json_text import changed
from tests.support.keys import TestKey, ed25519_key, es256_key, ml_dsa_key
from tests.vectors.webauthn import curve
from tests.vectors.webauthn.curve import SECOND, TORSION, L, P
from tests.vectors.webauthn.keys import SECRET

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Members = dict[str, Any]


@dataclass(frozen=True)
class ScalarKey:
    """An Ed25519 key with a known scalar; its point may have a part of small order."""

    torsion: int

    @property
    def public(self) -> bytes:
        return _point(SECRET, self.torsion)

    @property
    def jwk(self) -> PublicJwk:
        return OkpJwk(crv="Ed25519", x=b64u_encode(self.public))

    def sign(self, message: bytes, nonce: int, torsion: int, form: int) -> bytes:
        """Return a signature; R has a part of small order, and S a second form, as asked."""
        r = _point(nonce, torsion)
        s = (nonce + curve.hashed(r, self.public, message) * SECRET) % L
        return r + min(s + form * L, 2**256 - 1).to_bytes(32, "little")


@cache
def _point(scalar: int, torsion: int) -> bytes:
    return curve.encode(curve.add(curve.multiply(scalar, curve.BASE), TORSION[torsion]))


KEYS = (*map(ed25519_key, (1, 2)), *map(es256_key, (3, 4)), ml_dsa_key(5))


def members_of(jwk: PublicJwk) -> Members:
    found: Members = msgspec.to_builtins(jwk)
    return found


def key_of(chosen: random.Random) -> TestKey:
    return chosen.choices(KEYS, (5, 2, 4, 2, 1))[0]


def signed(chosen: random.Random, key: TestKey, header: bytes, payload: bytes) -> str:
    """Return a compact JWS, mostly with its signature valid; its segments may be misspelt."""
    segments = [b64u_encode(header), b64u_encode(payload)]
    if chosen.random() < 0.15:
        at = chosen.randrange(2)
        segments[at] = respelt(segments[at], chosen)
    signing_input = ".".join(segments)
    signature = key.sign_raw(signing_input.encode("utf-8", "surrogatepass"))
    if chosen.random() < 0.25:
        signature = malleated(signature, key.alg, chosen)
    text = f"{signing_input}.{b64u_encode(signature)}"
    return _whole(text, chosen) if chosen.random() < 0.12 else text


def mutated_compact(
    chosen: random.Random, payload: bytes, header: Members
) -> tuple[str, PublicJwk]:
    """Return a JWS and the key that it is verified with."""
    if chosen.random() < 0.15:
        return _by_scalar(chosen, payload, header)
    key = key_of(chosen)
    full = {"alg": key.alg, "typ": "JWT", "kid": key.kid} | header
    text = signed(chosen, key, mutated_header(chosen, full), payload)
    return text, (key_of(chosen) if chosen.random() < 0.08 else key).jwk


def mutated_header(chosen: random.Random, header: Members) -> bytes:
    kind = chosen.randrange(8)
    text = json.dumps(header)
    if kind == 0:
        return json.dumps(header | {"alg": chosen.choice(ALGS)}).encode()
    if kind == 1:
        name = chosen.choice([*header])
        return json.dumps({each: value for each, value in header.items() if each != name}).encode()
    if kind == 2:
        return f"{text[:-1]},{chosen.choice(MEMBERS)}}}".encode()
    if kind == 3:
        return f"{{{chosen.choice(MEMBERS)},{text[1:]}".encode()
    return (
        text.encode()
        if kind > 5
        else changed(text, chosen, values=('"EdDSA"', '"JWT"', "1795230245"))
    )


def respelt(text: str, chosen: random.Random) -> str:
    """Return base64url in a spelling that is not the one: padding, other letters, spare bits."""
    at = chosen.randrange(len(text) + 1)
    kind = chosen.randrange(9)
    if kind == 0:
        return text + "=" * chosen.randint(1, 3)
    if kind == 1:
        return text.replace("-", "+").replace("_", "/")
    if kind == 2 and text:
        last = _ALPHABET.find(text[-1])
        return text[:-1] + _ALPHABET[(last ^ 1) % 64]
    if kind == 3:
        return (
            text[:at]
            + chosen.choice((" ", "\n", "\t", "\0", "é", "=", ".", "\u0661", "\xa0", "\\", '"'))
            + text[at:]
        )
    if kind == 4:
        return text[:at] + text[at + 1 :]
    if kind == 5:
        return text[:at] + chosen.choice(_ALPHABET) + text[at:]
    if kind == 6:
        return ""
    if kind == 7:
        return text.swapcase()
    return text + chosen.choice(("A", "AA", "AAA", "AAAA"))


def malleated(signature: bytes, alg: str, chosen: random.Random) -> bytes:
    """Return another signature that a lax verifier may take, or one that nobody does."""
    half = len(signature) // 2
    r, s = signature[:half], signature[half:]
    if alg == "ES256" and chosen.random() < 0.6:
        number = int.from_bytes(s, "big")
        other = chosen.choice((P256_ORDER - number, number + P256_ORDER, 0, P256_ORDER, 1))
        return r + (other % 2**256).to_bytes(32, "big")
    if alg == "EdDSA" and chosen.random() < 0.6:
        number = int.from_bytes(s, "little")
        other = chosen.choice((number + L, number + 8 * L, number | 1 << 255, 0, L - number, L))
        first = chosen.choice(
            (r, r, r, chosen.choice(SECOND), curve.encode(chosen.choice(TORSION)))
        )
        return first + (other % 2**256).to_bytes(32, "little")
    at = chosen.randrange(len(signature))
    flipped = (
        signature[:at] + bytes([signature[at] ^ 1 << chosen.randrange(8)]) + signature[at + 1 :]
    )
    ends = (signature[:-1], signature + b"\0", b"\0" + signature, b"", bytes(len(signature)), s + r)
    return chosen.choice((flipped, flipped, *ends))


def _by_scalar(chosen: random.Random, payload: bytes, header: Members) -> tuple[str, PublicJwk]:
    """Return a JWS by a key, or with an R, of mixed or small order, and S in one of its forms."""
    key = ScalarKey(chosen.choice((0, 0, 1, 4)))
    jwk, public = key.jwk, key.public
    if chosen.random() < 0.2:
        public = chosen.choice(
            (*map(curve.encode, TORSION), *SECOND, (P + 4).to_bytes(32, "little"))
        )
        jwk = OkpJwk(crv="Ed25519", x=b64u_encode(public))
    full = {
        "alg": chosen.choice(("EdDSA", "Ed25519")),
        "typ": "JWT",
        "kid": thumbprint(jwk),
    } | header
    signing_input = f"{b64u_encode(json.dumps(full).encode())}.{b64u_encode(payload)}"
    nonce, torsion, form = (
        chosen.randint(1, 12),
        chosen.choice((0, 0, 0, 1, 4)),
        chosen.choice((0, 0, 0, 1, 8)),
    )
    signature = key.sign(signing_input.encode(), nonce, torsion, form)
    if public != key.public and chosen.random() < 0.7:  # under a weak key this verifies anything
        signature = curve.encode(chosen.choice(TORSION)) + bytes(32)
    return f"{signing_input}.{b64u_encode(signature)}", jwk


def _whole(text: str, chosen: random.Random) -> str:
    first, second, third = [*text.split("."), "", ""][:3]
    at = chosen.randrange(len(text) + 1)
    return chosen.choice(
        (
            f"{text}.",
            f".{text}",
            f"{first}.{second}",
            f"{first}..{third}",
            f"{first}.{second}.",
            f"{text}.{third}",
            f" {text}",
            f"{text}\n",
            text + "\udc00",
            text[:at],
            text[:at] + chosen.choice("._- \n=é\0") + text[at:],
            f"{third}.{second}.{first}",
            f"{first}.{second}.{respelt(third, chosen)}",
            f"{first}.{second}.{respelt(third, chosen)}",
        )
    )


# --- general -----------------------------------------------------------------------------------


def mutated_general(chosen: random.Random, payload: bytes) -> tuple[bytes, tuple[TestKey, ...]]:
    """Return a General JWS of one to three signatures over one payload, and their keys."""
    keys = tuple(chosen.sample(KEYS[:4], chosen.randint(1, 3)))
    encoded = b64u_encode(payload)
    if chosen.random() < 0.1:
        encoded = respelt(encoded, chosen)
    entries = [_entry(chosen, key, encoded) for key in keys]
    text = json.dumps({"payload": encoded, "signatures": entries})
    if chosen.random() < 0.4:
        return changed(text, chosen, values=('"signatures"', "[]", "{}", '"e30"')), keys
    return text.encode("utf-8", "surrogatepass"), keys


def _entry(chosen: random.Random, key: TestKey, encoded: str) -> Members:
    header = {"alg": key.alg, "typ": "JWT", "kid": key.kid}
    raw = mutated_header(chosen, header) if chosen.random() < 0.5 else json.dumps(header).encode()
    protected = b64u_encode(raw)
    if chosen.random() < 0.1:
        protected = respelt(protected, chosen)
    signature = key.sign_raw(f"{protected}.{encoded}".encode("utf-8", "surrogatepass"))
    if chosen.random() < 0.25:
        signature = malleated(signature, key.alg, chosen)
    found: Members = {"protected": protected, "signature": b64u_encode(signature)}
    adds: tuple[Callable[[], Members], ...] = (
        lambda: {"header": {"kid": key.kid}},
        lambda: {"header": {}},
        lambda: {"header": {"b64": False}},
        lambda: {"extra": 1},
        lambda: {"signature": respelt(str(found["signature"]), chosen)},
        lambda: {"protected": None},
    )
    return found | chosen.choice(adds)() if chosen.random() < 0.2 else found
