"""A reader and a writer for the subset of DER that time-stamps use. Pure.

Strict wherever two encodings would mean one value: lengths must be definite and minimal, tags one
byte long. It interprets no types: the caller interprets the contents.
"""

from ledger.errors import MalformedError

INTEGER, BIT_STRING, OCTETS, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
GENERALIZED_TIME, SEQUENCE, SET, BOOLEAN = 0x18, 0x30, 0x31, 0x01
CONTEXT = 0xA0  # plus the number: a constructed, context-specific tag


class DerReader:
    """Reads a sequence of values; every method raises MalformedError `stamp_malformed`."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        """Whether all bytes were read."""
        return self._place == len(self._raw)

    def finish(self) -> None:
        """Require that all bytes were read."""
        if not self.is_at_end:
            raise _malformed("it has trailing bytes")

    def is_next(self, tag: int) -> bool:
        """Tell whether the next value has this tag."""
        return self._raw[self._place : self._place + 1] == bytes([tag])

    def read(self, tag: int) -> bytes:
        """Return the content of the next value; its tag must be this one."""
        content, self._place = self._next(tag)
        return content

    def encoded(self, tag: int) -> bytes:
        """Return the next value with its tag and length."""
        start = self._place
        _, self._place = self._next(tag)
        return self._raw[start : self._place]

    def enter(self, tag: int) -> "DerReader":
        """Return a reader of the next value's content."""
        return DerReader(self.read(tag))

    def skip(self, tag: int) -> None:
        """Skip the next value if it has this tag."""
        if self.is_next(tag):
            self.read(tag)

    def integer(self) -> int:
        """Return the next value, which must be an INTEGER."""
        content = self.read(INTEGER)
        value = int.from_bytes(content, "big", signed=True)
        # The shortest form: the first nine bits must not be all equal.
        if len(content) != (value if value >= 0 else ~value).bit_length() // 8 + 1:
            raise _malformed("an INTEGER is invalid")
        return value

    def _next(self, tag: int) -> tuple[bytes, int]:
        """Return the content of the next value, and the offset after it."""
        raw, place = self._raw, self._place
        if not self.is_next(tag) or place + 2 > len(raw):
            raise _malformed(f"a value of tag {tag:#04x} is missing")
        length, start = raw[place + 1], place + 2
        if length & 0x80:
            start += length & 0x7F
            digits = raw[place + 2 : start]
            length = int.from_bytes(digits, "big")
            # 0x80 alone would be BER's indefinite length.
            if not 1 <= len(digits) <= 4 or digits[0] == 0 or length < 0x80:
                raise _malformed("a length is not DER")
        if start + length > len(raw):
            raise _malformed("it is truncated")
        return raw[start : start + length], start + length


def write(tag: int, *parts: bytes) -> bytes:
    """Return the encoded value whose content is these parts."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    digits = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def write_integer(value: int) -> bytes:
    """Return the encoding of a non-negative INTEGER."""
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Return the content bytes of an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return b"".join(_base128(each) for each in (first * 40 + second, *rest))


def _base128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def _malformed(detail: str) -> MalformedError:
    return MalformedError("stamp_malformed", f"not a DER time-stamp: {detail}")
