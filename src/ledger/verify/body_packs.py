"""Packs of bodies: the bodies of one tile's events in one file of a *full* bundle. Pure.

Before each body (its salt, then the body) stands its length as a uint32, big-endian. A length of
zero stands for a body that is not there. A log of a million events has 4,000 packs, which any tool
unpacks; a file for each body would make a million.
"""

from collections.abc import Iterator

from ledger.errors import MalformedError
from ledger.tlog.merkle import WIDTH
from ledger.tlog.tiles import tile_path, tiles_of
from ledger.verify.container import Files

_LENGTH_BYTES = 4


def packs_of(size: int) -> Iterator[tuple[str, int, int]]:
    """Yield (name, n, width) of each pack of a log of this size."""
    for level, n, width in tiles_of(size):
        if level == 0:
            yield f"tile/bodies/{tile_path(n, width)}", n, width


def packed(salted: bytes) -> bytes:
    """Return a body, its salt before it, as it stands in a pack."""
    return len(salted).to_bytes(_LENGTH_BYTES, "big") + salted


def read_packs(files: Files, size: int) -> dict[int, bytes]:
    """Return the bodies of a log by leaf index, each after its salt.

    Raises MalformedError `file_missing`, `body_pack_malformed`.
    """
    found: dict[int, bytes] = {}
    for name, n, width in packs_of(size):
        if name not in files:
            raise MalformedError("file_missing", f"the file {name} is not there")
        bodies = list(_split(name, files[name]))
        if len(bodies) != width:
            raise _malformed(f"the file {name} has {len(bodies)} bodies")
        found |= {n * WIDTH + place: body for place, body in enumerate(bodies) if body}
    return found


def _split(name: str, raw: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(raw):
        start = place + _LENGTH_BYTES
        place = start + int.from_bytes(raw[place:start], "big")
        if start > len(raw) or place > len(raw):
            raise _malformed(f"the file {name} was cut")
        yield raw[start:place]


def _malformed(detail: str) -> MalformedError:
    return MalformedError("body_pack_malformed", detail)
