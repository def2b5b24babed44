"""Ed25519: the strict form of keys and signatures, checked before any library verifies.

RFC 8032 leaves cases open: libraries differ on points of small order, on non-canonical encodings
and on S >= L. A signature that some verifiers accept and others reject proves nothing, so this
module rejects all of these cases. The libraries then check the cofactorless equation.

libsodium verifies in about half of OpenSSL's time, but hashes long messages more slowly. Of what
has the strict form, both accept the same.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)

# The y coordinates of the eight points of order 1, 2, 4 and 8. The sign bit selects x, so rejecting
# y rejects all encodings of these points.
_ORDER_8_Y = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER_Y = frozenset({0, 1, P - 1, _ORDER_8_Y, P - _ORDER_8_Y})
_Y_BITS = 2**255 - 1

# From here on, OpenSSL's faster SHA-512 outweighs libsodium's faster curve.
LONG_MESSAGE_BYTES = 65_536

# Extended coordinates (RFC 8032 section 5.1.4): x = X/Z, y = Y/Z, x·y = T/Z.
_Point = tuple[int, int, int, int]


def is_strong_encoding(encoded: bytes) -> bool:
    """Tell whether 32 bytes have a canonical y (below p) that is not of a small-order point.

    Does not check that the point is on the curve: `is_strong_point` does.
    """
    y = int.from_bytes(encoded, "little") & _Y_BITS
    return len(encoded) == 32 and y < P and y not in _SMALL_ORDER_Y


def is_strong_point(encoded: bytes) -> bool:
    """Tell whether 32 bytes are the strong encoding of a point of the curve; takes 0.1 ms.

    OpenSSL imports an encoding that is of no point, and then verifies nothing with it.
    """
    return is_strong_encoding(encoded) and _decode(encoded) is not None


def is_strict_signature(signature: bytes) -> bool:
    """Tell whether R is a strong encoding and S is below L; verifies nothing."""
    return (
        len(signature) == 64
        and int.from_bytes(signature[32:], "little") < L
        and is_strong_encoding(signature[:32])
    )


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Verify a signature of 64 bytes with a public key of 32; raise InvalidSignature."""
    if not (_is_strong_key(public) and is_strict_signature(signature)):
        raise InvalidSignature
    if len(message) < LONG_MESSAGE_BYTES:
        verify_with_libsodium(public, signature, message)
    else:
        verify_with_openssl(public, signature, message)


def verify_with_libsodium(public: bytes, signature: bytes, message: bytes) -> None:
    """Verify what has the strict form; raise InvalidSignature."""
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError as error:
        raise InvalidSignature from error


def verify_with_openssl(public: bytes, signature: bytes, message: bytes) -> None:
    """Verify what has the strict form; raise InvalidSignature."""
    ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


@lru_cache(maxsize=4096)
def _is_strong_key(public: bytes) -> bool:
    return is_strong_encoding(public)


# An audit meets a key when it is registered, in each share and at each change that names it.
@lru_cache(maxsize=4096)
def is_prime_order(encoded: bytes) -> bool:
    """Tell whether 32 bytes encode a point in the subgroup of order L; it takes 1 ms, once a key.

    A point of mixed order (A + T, with T of small order) passes `is_strong_encoding`. Under such a
    key, cofactored verifiers accept more signatures than cofactorless ones. Registration checks it.
    """
    if not is_strong_encoding(encoded):
        return False
    point = _decode(encoded)
    if point is None:
        return False
    x, y, z, _ = _multiply(L, point)
    return x == 0 and y == z


def _decode(encoded: bytes) -> _Point | None:
    """Return the decoded point (RFC 8032 section 5.1.3), None if the encoding is invalid."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & _Y_BITS
    u, v = (y * y - 1) % P, (_D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * _SQRT_MINUS_ONE % P
    if (v * x * x - u) % P != 0:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _multiply(scalar: int, point: _Point) -> _Point:
    result = (0, 1, 1, 0)
    for bit in bin(scalar)[2:]:
        result = _double(result)
        if bit == "1":
            result = _add(result, point)
    return result


def _add(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * _D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e, g = h - (x + y) * (x + y), a - b
    f = 2 * z * z + g
    return e * f % P, g * h % P, f * g % P, e * h % P
