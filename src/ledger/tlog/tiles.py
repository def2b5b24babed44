"""Tile paths and entry bundles (C2SP tlog-tiles). Pure."""

import re
from collections.abc import Iterable, Iterator

from ledger.errors import MalformedError
from ledger.tlog.merkle import MAX_SIZE, WIDTH

_PATH = re.compile(r"((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


def tile_path(n: int, width: int = WIDTH) -> str:
    """Return `<N>[.p/<W>]` of tile n: 1234067 is `x001/x234/067`."""
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups)) + ("" if width == WIDTH else f".p/{width}")


def parse_tile_path(text: str) -> tuple[int, int]:
    """Return (n, width) of `<N>[.p/<W>]`; raise MalformedError `tile_path_invalid`."""
    found = _PATH.fullmatch(text)
    if found is not None:
        n = int(found[1].replace("x", "").replace("/", ""))
        width = int(found[2] or WIDTH)
        # Each tile has exactly one path: no leading zero groups, no width for a full tile.
        if n <= MAX_SIZE and width <= WIDTH and tile_path(n, width) == text:
            return n, width
    raise MalformedError(
        "tile_path_invalid", "a tile path must look like x001/x234/067 or 067.p/12"
    )


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, n, width) of every tile of a tree, each at its full current width."""
    level, count = 0, size
    while count:
        full, partial = divmod(count, WIDTH)
        for n in range(full):
            yield level, n, WIDTH
        if partial:
            yield level, full, partial
        level, count = level + 1, full


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length as a uint16, big-endian."""
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def split_bundle(raw: bytes) -> list[bytes]:
    """Return the entries of a bundle; raise MalformedError `entry_bundle_malformed`."""
    entries, place = [], 0
    while place < len(raw):
        start = place + 2
        place = start + int.from_bytes(raw[place:start], "big")
        if start > len(raw) or place > len(raw):
            raise MalformedError("entry_bundle_malformed", "the entry bundle is truncated")
        entries.append(raw[start:place])
    return entries
