"""Edwards25519 in affine coordinates, for vectors: slow, plain, and not what the ledger uses."""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    cross = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, -1, P) % P
    return x, y


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    for bit in bin(scalar)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def at(y: int, sign: int = 0) -> Point:
    """Return the point with this y whose x is even, or odd where sign is 1."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return (x if x % 2 == sign else P - x), y


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = at(4 * pow(5, -1, P) % P)
# A point of order 8, and its multiples: 1 is a point of order 8, 0 the identity.
_EIGHTH = at(2707385501144840649318225287225658788936804267575313519463743609750303402022)
TORSION = [multiply(n, _EIGHTH) for n in range(8)]
# y and sign bit of what decodes to one of them in a lenient reader, and is no point's encoding.
SECOND = [
    (y | sign << 255).to_bytes(32, "little")
    for y, sign in ((1, 1), (P - 1, 1), (P, 0), (P, 1), (P + 1, 0), (P + 1, 1))
]


def hashed(*parts: bytes) -> int:
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little") % L
