"""Signatures in and out of form, and Ed25519's edge cases as a verifier meets them."""

from typing import Any

from tests.vectors.webauthn import curve
from tests.vectors.webauthn.cases import SIGNATURE, Case
from tests.vectors.webauthn.curve import IDENTITY, SECOND, TORSION, L, P, add, encode, multiply
from tests.vectors.webauthn.keys import ED, POINT, SECRET, ec2, okp, rsa


def signature(message: bytes, *, public: bytes = ED, torsion: int = 0) -> bytes:
    """Return an Ed25519 signature by `SECRET`; R has so many eighths of a small-order point."""
    nonce = curve.hashed(b"nonce", message)
    r = encode(add(multiply(nonce, curve.BASE), TORSION[torsion]))
    s = (nonce + curve.hashed(r, public, message) * SECRET) % L
    return r + s.to_bytes(32, "little")


def _der(*numbers: bytes) -> bytes:
    body = b"".join(b"\x02" + bytes([len(each)]) + each for each in numbers)
    return b"\x30" + bytes([len(body)]) + body


SIGNED = signature(b"message")
R, S = SIGNED[:32], SIGNED[32:]
ONE = b"\x01" * 32
_OVER = (int.from_bytes(S, "little") + L).to_bytes(32, "little")


def _signature(key: bytes, name: str, raw: bytes, *, fits: bool = False) -> Case:
    detail = None if fits else SIGNATURE.format("the format does not fit the algorithm")
    return Case(name, raw, detail, {"key": key.hex()})


CASES = [
    _signature(okp(), "Ed25519", SIGNED, fits=True),
    *[
        _signature(okp(), f"R of small order, {n} eighths", encode(each) + S)
        for n, each in enumerate(TORSION)
    ],
    *[_signature(okp(), f"a second encoding of R, {each.hex()}", each + S) for each in SECOND],
    _signature(okp(), "R above p", (P + 3).to_bytes(32, "little") + S),
    _signature(okp(), "S is L", R + L.to_bytes(32, "little")),
    _signature(okp(), "S plus L", R + _OVER),
    _signature(okp(), "S is 2^256 - 1", R + b"\xff" * 32),
    _signature(okp(), "S is L - 1", R + (L - 1).to_bytes(32, "little"), fits=True),
    _signature(okp(), "63 bytes", SIGNED[:63]),
    _signature(okp(), "65 bytes", SIGNED + b"\0"),
    _signature(okp(), "no bytes", b""),
    _signature(ec2(), "ES256", _der(ONE, ONE), fits=True),
    _signature(ec2(), "ES256, short numbers", _der(b"\x01", b"\x7f"), fits=True),
    _signature(ec2(), "ES256, the longest", _der(b"\0" + b"\xff" * 32, b"\0\x80"), fits=True),
    _signature(ec2(), "r is zero", _der(b"\0", ONE)),
    _signature(ec2(), "r is negative", _der(b"\x80" + ONE[1:], ONE)),
    _signature(ec2(), "a zero too many", _der(b"\0" + ONE, ONE)),
    _signature(ec2(), "s over 256 bits", _der(ONE, b"\x01" + b"\xff" * 32)),
    _signature(ec2(), "an empty number", _der(ONE, b"")),
    _signature(ec2(), "one number", _der(ONE)),
    _signature(ec2(), "three numbers", _der(b"\x01", b"\x01", b"\x01")),
    _signature(ec2(), "a length in a longer form", b"\x30\x81" + _der(ONE, ONE)[1:]),
    _signature(ec2(), "a byte after it", _der(ONE, ONE) + b"\0"),
    _signature(ec2(), "cut off", _der(ONE, ONE)[:-1]),
    _signature(ec2(), "not a sequence", b"\x31" + _der(ONE, ONE)[1:]),
    _signature(ec2(), "JOSE's form", ONE + ONE),
    _signature(ec2(), "no bytes", b""),
    _signature(rsa(), "RS256", b"\x01" * 256, fits=True),
    _signature(rsa(), "a byte short of the modulus", b"\x01" * 255),
    _signature(rsa(), "a byte longer than the modulus", b"\0" + b"\x01" * 256),
]


def _found(public: bytes, torsion: int, *, multiple: bool) -> bytes:
    """Return a message whose hash is a multiple of 8, or of nothing of 2, under this key."""
    for n in range(1_000):
        message = b"message %d" % n
        r = signature(message, public=public, torsion=torsion)[:32]
        k = curve.hashed(r, public, message)
        if k % 8 == 0 if multiple else k % 2 == 1:
            return message
    raise AssertionError("no such message")


def verdicts() -> list[dict[str, Any]]:
    """Return keys, messages and signatures; `outcome` is verified, refused, or refused as a key."""
    mixed = encode(add(POINT, TORSION[1]))
    odd, even = (_found(mixed, 0, multiple=each) for each in (False, True))
    cases: list[tuple[str, bytes, bytes, bytes, str]] = [
        ("a signature", ED, b"message", SIGNED, "verified"),
        ("another message", ED, b"massage", SIGNED, "refused"),
        ("S plus L", ED, b"message", R + _OVER, "refused"),
        (
            "R of mixed order: only the cofactored equation holds",
            ED,
            b"message",
            signature(b"message", torsion=1),
            "refused",
        ),
        (
            "a key of mixed order, both equations hold",
            mixed,
            even,
            signature(even, public=mixed),
            "verified",
        ),
        (
            "a key of mixed order, only the cofactored equation holds",
            mixed,
            odd,
            signature(odd, public=mixed),
            "refused",
        ),
    ]
    nothing = encode(IDENTITY) + bytes(32)
    weak = [*map(encode, TORSION), *SECOND]
    cases += [(f"the key {key.hex()}", key, b"", nothing, "key refused") for key in weak]
    # R of small order and S = k·a: the cofactored equation holds under a sound key.
    for r in weak:
        s = curve.hashed(r, ED, b"message") * SECRET % L
        signed = r + s.to_bytes(32, "little")
        cases.append((f"R is {r.hex()}", ED, b"message", signed, "refused"))
    return [
        {
            "name": name,
            "key": key.hex(),
            "message": message.hex(),
            "signature": signed.hex(),
            "outcome": outcome,
        }
        for name, key, message, signed, outcome in cases
    ]
