"""Ed448: the strict form of keys and signatures (RFC 8032 section 5.2), checked before OpenSSL.

As for Ed25519, points of small order, non-canonical encodings and S >= L are refused, because
libraries differ on them. The ledger itself accepts no Ed448 key: only `ledger.jose` verifies one.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed448

P = 2**448 - 2**224 - 1
L = 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885
ENCODED_BYTES = 57
_D = -39081
# The last octet has the sign of x in its highest bit, and nothing else.
_SIGN = (0x00, 0x80)
# The y coordinates of the four points of order 1, 2 and 4.
_SMALL_ORDER_Y = frozenset({0, 1, P - 1})


def is_strong_encoding(encoded: bytes) -> bool:
    """Tell whether 57 bytes have a canonical y (below p) that is not of a small-order point.

    Does not check that the point is on the curve: `is_strong_point` does.
    """
    if len(encoded) != ENCODED_BYTES or encoded[-1] not in _SIGN:
        return False
    y = int.from_bytes(encoded[:-1], "little")
    return y < P and y not in _SMALL_ORDER_Y


def is_strong_point(encoded: bytes) -> bool:
    """Tell whether 57 bytes are the strong encoding of a point of the curve.

    OpenSSL imports an encoding of no point. x² = (y² − 1) / (d·y² − 1) has a root exactly if the
    product of numerator and denominator has one (Euler's criterion).
    """
    if not is_strong_encoding(encoded):
        return False
    y = int.from_bytes(encoded[:-1], "little")
    return pow((y * y - 1) * (_D * y * y - 1), (P - 1) // 2, P) == 1


def verify(key: ed448.Ed448PublicKey, signature: bytes, message: bytes) -> None:
    """Verify a signature of 114 bytes with a key that was imported; raise InvalidSignature."""
    point, scalar = signature[:ENCODED_BYTES], signature[ENCODED_BYTES:]
    if len(scalar) != ENCODED_BYTES or int.from_bytes(scalar, "little") >= L:
        raise InvalidSignature
    if not is_strong_encoding(point):
        raise InvalidSignature
    key.verify(signature, message)
