"""COSE keys of the three algorithms, and one change of them for each refusal."""

from hashlib import shake_256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.encoding import b64u_decode
from tests.support.vectors import vector
from tests.vectors.webauthn import curve
from tests.vectors.webauthn.cases import CBOR, KEY, Case
from tests.vectors.webauthn.curve import SECOND, TORSION, P, add, encode, multiply

SECRET = curve.hashed(b"secret")
POINT = multiply(SECRET, curve.BASE)
ED = encode(POINT)
_EC = ec.derive_private_key(5, ec.SECP256R1()).public_key().public_numbers()
X, Y = _EC.x.to_bytes(32, "big"), _EC.y.to_bytes(32, "big")
N = b64u_decode(vector("jws-rfc")["jws"][1]["keys"][0]["n"])
E = b"\x01\x00\x01"

_ED_POINT = "x is not a canonical Ed25519 point of prime order"
_EC_POINT = "x and y are not a point of P-256"
_LENGTH = "a coordinate that is not 32 bytes"
_MEMBERS = "members are missing or unexpected"
_ALG = "an algorithm that is not supported"
_KTY = "the key type does not match the algorithm"
_CRV = "the curve does not match the algorithm"
_NO_BYTES = "a member is not a byte string"
_SIZE = "an RSA modulus of another length than 2,048 to 4,096 bits"
_FACTORS = "the RSA modulus is easy to factor"
_EXPONENT = "an RSA exponent other than 65537"


def okp(x: Any = ED, **changes: Any) -> bytes:
    return _key({1: 1, 3: -8, -1: 6, -2: x}, changes)


def ec2(x: Any = X, y: Any = Y, **changes: Any) -> bytes:
    return _key({1: 2, 3: -7, -1: 1, -2: x, -3: y}, changes)


def rsa(n: Any = N, e: Any = E, **changes: Any) -> bytes:
    return _key({1: 3, 3: -257, -1: n, -2: e}, changes)


_LABELS = {"kty": 1, "kid": 2, "alg": 3, "ops": 4, "crv": -1, "y": -3, "d": -4}


def _key(members: dict[Any, Any], changes: dict[str, Any]) -> bytes:
    whole = members | {_LABELS[name]: value for name, value in changes.items()}
    return cbor2.dumps({label: value for label, value in whole.items() if value is not ...})


def _odd(bits: int) -> bytes:
    """Return a number of this length without a prime factor below 1,024."""
    number = int.from_bytes(shake_256(b"modulus").digest(bits // 8), "big") | 1 << bits - 1 | 1
    while any(number % n == 0 for n in range(3, 1_024)):
        number += 2
    return number.to_bytes(bits // 8, "big")


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def good(name: str, raw: bytes, algorithm: int) -> Case:
    return Case(name, raw, None, {"algorithm": algorithm})


def bad(name: str, raw: bytes, reason: str) -> Case:
    return Case(name, raw, KEY.format(reason))


_ED25519 = [
    good("Ed25519", okp(), -8),
    good("Ed25519, members in another order", cbor2.dumps({-2: ED, -1: 6, 3: -8, 1: 1}), -8),
    *[
        bad(f"a small-order point, {n} eighths", okp(encode(each)), _ED_POINT)
        for n, each in enumerate(TORSION)
    ],
    *[
        bad(f"a second encoding of a small-order point, {each.hex()}", okp(each), _ED_POINT)
        for each in SECOND
    ],
    *[
        bad(f"a point of mixed order, {n} eighths", okp(encode(add(POINT, TORSION[n]))), _ED_POINT)
        for n in range(1, 8)
    ],
    *[bad(f"y is p + {n}", okp((P + n).to_bytes(32, "little")), _ED_POINT) for n in (3, 18)],
    bad("y is 2^255 - 1", okp(b"\xff" * 31 + b"\x7f"), _ED_POINT),
    bad("y without a point", okp((2).to_bytes(32, "little")), _ED_POINT),
    bad("31 bytes", okp(ED[:31]), _LENGTH),
    bad("33 bytes", okp(ED + b"\0"), _LENGTH),
    bad("no bytes", okp(b""), _LENGTH),
    bad("text for bytes", okp("x" * 32), _NO_BYTES),
    bad("X25519", okp(crv=4), _CRV),
    bad("Ed448", okp(crv=7), _CRV),
    bad("the curve's name for its number", okp(crv="Ed25519"), _CRV),
    bad("true for the curve", okp(crv=True), _CRV),
    bad("the curve missing", okp(crv=...), _MEMBERS),
    bad("a y coordinate", okp(y=ED), _MEMBERS),
    bad("a private key", okp(d=bytes(32)), _MEMBERS),
]
_P256 = [
    good("P-256", ec2(), -7),
    good(
        "P-256, the generator",
        ec2(
            bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
            bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
        ),
        -7,
    ),
    bad("y one more", ec2(y=(_EC.y + 1).to_bytes(32, "big")), _EC_POINT),
    bad("x and y exchanged", ec2(Y, X), _EC_POINT),
    bad("both zero", ec2(bytes(32), bytes(32)), _EC_POINT),
    bad(
        "x is the prime", ec2((2**256 - 2**224 + 2**192 + 2**96 - 1).to_bytes(32, "big")), _EC_POINT
    ),
    bad("y is 2^256 - 1", ec2(y=b"\xff" * 32), _EC_POINT),
    bad("a compressed point", ec2(y=True), _NO_BYTES),
    bad("a coordinate of 33 bytes", ec2(b"\0" + X), _LENGTH),
    bad("a coordinate of 31 bytes", ec2(y=Y[1:]), _LENGTH),
    bad("P-384", ec2(crv=2), _CRV),
    bad("secp256k1", ec2(crv=8), _CRV),
    bad("without y", ec2(y=...), _MEMBERS),
    bad("a kid", ec2(kid=b"1"), _MEMBERS),
    bad("key_ops", ec2(ops=[2]), _MEMBERS),
]
_RSA = [
    good("RSA, 2,048 bits", rsa(), -257),
    good("RSA, 3,072 bits", rsa(_odd(3_072)), -257),
    good("RSA, 4,096 bits", rsa(_odd(4_096)), -257),
    bad("512 bits", rsa(_odd(512)), _SIZE),
    bad("1,024 bits", rsa(_odd(1_024)), _SIZE),
    bad("2,047 bits", rsa(bytes([N[0] & 0x7F | 0x40]) + N[1:]), _SIZE),
    bad("4,104 bits", rsa(_odd(4_104)), _SIZE),
    bad("16,384 bits", rsa(_odd(16_384)), _SIZE),
    bad("a leading zero", rsa(b"\0" + N), _SIZE),
    bad("no modulus", rsa(b""), _SIZE),
    bad("a modulus that is a number", rsa(2**52 + 1), _NO_BYTES),
    bad("an even modulus", rsa(N[:-1] + b"\x02"), _FACTORS),
    bad("3 to the 1,292", rsa(_number(3**1_292)), _FACTORS),
    bad("a factor of 1,021", rsa(_number(1_021 * int.from_bytes(_odd(2_040), "big"))), _FACTORS),
    bad("a square", rsa(_number(int.from_bytes(_odd(1_040), "big") ** 2)), _FACTORS),
    bad("a cube", rsa(_number(int.from_bytes(_odd(1_024), "big") ** 3)), _FACTORS),
    bad("the 17th power of 2^127 - 1", rsa(_number((2**127 - 1) ** 17)), _FACTORS),
    bad("the 409th power of 1,031", rsa(_number(1_031**409)), _FACTORS),
    bad("exponent 0", rsa(e=b"\0"), _EXPONENT),
    bad("exponent 1", rsa(e=b"\x01"), _EXPONENT),
    bad("exponent 3", rsa(e=b"\x03"), _EXPONENT),
    bad("an even exponent", rsa(e=b"\x01\x00\x00"), _EXPONENT),
    bad("65537 with a leading zero", rsa(e=b"\0" + E), _EXPONENT),
    bad("an exponent as long as the modulus", rsa(e=N), _EXPONENT),
    bad("a private exponent", rsa(y=N), _MEMBERS),
]
_ANY = [
    bad("ES384", ec2(alg=-35), _ALG),
    bad("PS256", rsa(alg=-37), _ALG),
    bad("RS1", rsa(alg=-65_535), _ALG),
    bad("Ed25519 by its own number", okp(alg=-19), _ALG),
    bad("no algorithm", okp(alg=...), _ALG),
    bad("an algorithm by name", okp(alg="EdDSA"), _ALG),
    bad("a list of algorithms", okp(alg=[-8]), _ALG),
    bad("EdDSA with the key type of EC2", okp(kty=2), _KTY),
    bad("a key type by name", okp(kty="OKP"), _KTY),
    bad("true for the key type", okp(kty=True), _KTY),
    bad("ES256 of an OKP", ec2(kty=1), _KTY),
    bad("ES256 with the members of RSA", rsa(alg=-7), _MEMBERS),
    bad("RS256 with the members of EC2", ec2(alg=-257), _MEMBERS),
    bad("no key type", okp(kty=...), _MEMBERS),
    bad("nothing in it", cbor2.dumps({}), _ALG),
    bad("a list", cbor2.dumps([1, -8, 6, ED]), "not a map"),
    bad(
        "a broken key of some authenticators",
        bytes.fromhex("a301634f4b500327206745643235353139"),
        _MEMBERS,
    ),
    Case("something after it", okp() + b"\0", CBOR.format("bytes after the item")),
    Case("a member twice", b"\xa5\x01\x01" + okp()[1:], CBOR.format("a key twice")),
]
CASES = _ED25519 + _P256 + _RSA + _ANY
WHOLE = [("coseKey", okp()), ("coseKey", ec2()), ("coseKey", rsa())]
