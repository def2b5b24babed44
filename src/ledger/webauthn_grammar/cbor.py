"""The canonical CBOR of CTAP2 (RFC 8949 with definite, shortest lengths), and nothing else.

Rejects tags, floats, indefinite lengths, lengths not in their shortest form, and duplicate keys.
A tag can make a library run code: tag 35 compiles a regular expression.
"""

from typing import NoReturn

from ledger.encoding import MAX_SAFE_INTEGER
from ledger.errors import MalformedError

MAX_BYTES = 65_536
MAX_DEPTH = 8  # the outermost item is at level 1
MAX_MEMBERS = 64  # per array or map
MAX_ITEMS = 512  # on all levels: containers, keys and values

Cbor = bool | int | bytes | str | list["Cbor"] | dict[int | str, "Cbor"] | None

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SIMPLE_VALUES = {20: False, 21: True, 22: None}
_LEAST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}  # the least value that needs this many bytes


def parse(raw: bytes) -> Cbor:
    """Return the single item in the bytes; raise MalformedError `cbor_malformed`."""
    value, end = parse_prefix(raw, 0)
    if end != len(raw):
        _refuse("bytes after the item")
    return value


def parse_prefix(raw: bytes, start: int) -> tuple[Cbor, int]:
    """Return the item that begins at `start`, and where it ends.

    Raises MalformedError `cbor_malformed`.
    """
    if len(raw) > MAX_BYTES:
        _refuse("over 65,536 bytes")
    reader = _Reader(raw, start)
    return reader.item(1), reader.at


class _Reader:
    """An offset into the bytes, and the number of items begun so far."""

    def __init__(self, raw: bytes, at: int) -> None:
        self.raw = raw
        self.at = at
        self.items = 0

    def item(self, level: int) -> Cbor:
        major, number = self.head(level)
        if major == _UNSIGNED:
            return number
        if major == _NEGATIVE:
            return -1 - number
        if major == _BYTES:
            return self.take(number)
        if major == _TEXT:
            return self.text(number)
        if major == _SIMPLE:
            return _SIMPLE_VALUES[number]
        if number > MAX_MEMBERS:
            _refuse("over 64 members in a container")
        if major == _ARRAY:
            return [self.item(level + 1) for _ in range(number)]
        members: dict[int | str, Cbor] = {}
        for _ in range(number):
            key = self.key(level + 1)
            if key in members:
                _refuse("a key twice")
            members[key] = self.item(level + 1)
        return members

    def key(self, level: int) -> int | str:
        major, number = self.head(level)
        if major == _TEXT:
            return self.text(number)
        if major > _NEGATIVE:
            _refuse("a key that is neither an integer nor text")
        return number if major == _UNSIGNED else -1 - number

    def head(self, level: int) -> tuple[int, int]:
        """Return an item's major type and its argument, which must be in the shortest form."""
        self.items += 1
        if level > MAX_DEPTH:
            _refuse("over 8 levels")
        if self.items > MAX_ITEMS:
            _refuse("over 512 items")
        first = self.take(1)[0]
        major, number = first >> 5, first & 31
        if major == _TAG:
            _refuse("a tag")
        if major == _SIMPLE:
            if number not in _SIMPLE_VALUES:
                _refuse("a float, or an unknown simple value")
            return major, number
        return (major, number) if number < 24 else (major, self.argument(number))

    def argument(self, info: int) -> int:
        if info > 27:
            _refuse("an indefinite or reserved length")
        size = 1 << (info - 24)
        number = int.from_bytes(self.take(size), "big")
        if number < _LEAST[size]:
            _refuse("a number in a longer form than needed")
        if number > MAX_SAFE_INTEGER:
            _refuse("a number above 2^53 − 1")
        return number

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            _refuse("text that is not UTF-8")

    def take(self, length: int) -> bytes:
        start, self.at = self.at, self.at + length
        if self.at > len(self.raw):
            _refuse("cut off")
        return self.raw[start : self.at]


def _refuse(reason: str) -> NoReturn:
    raise MalformedError("cbor_malformed", f"CBOR: {reason}")
