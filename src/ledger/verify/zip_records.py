"""The records of a ZIP file as a bundle has them, byte for byte. Pure.

ZIP64 is used where a number does not fit, and nowhere else: the offset of a file, the number of
files, the size and the offset of the directory. A file itself stays below 4 GiB.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Signature, version needed, flags, method, time, date, CRC-32, both sizes, lengths of name and
# extra field. The date is 1980-01-01, the first that a ZIP file can name.
LOCAL = struct.Struct("<4sHHHHHIIIHH")
LOCAL_SIGNATURE = b"PK\3\4"
# Signature, made by (Unix, 2.0 or 4.5), the same as above; lengths of name, extra field and
# comment, disk, internal and external attributes (a regular file of mode 0644), offset.
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_OFFSET64 = struct.Struct("<HHQ")  # an extra field: its kind, its length, the offset
_END = struct.Struct("<4sHHHHIIH")
# Signature, bytes that follow, made by, version needed, both disks, the count twice, the size and
# the offset of the directory; then the locator: signature, disk, offset of the record, disks.
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")
_UNIX, _VERSION, _VERSION64, _DATE, _ATTRIBUTES = 0x0300, 20, 45, 0x0021, 0o100644 << 16
_MAX16, _MAX32 = 0xFFFF, 0xFFFF_FFFF  # both mean: see the ZIP64 field
MAX_FILE_BYTES = _MAX32 - 1


class FileHead(NamedTuple):
    """What the headers say of a file: a name of ASCII, CRC-32, size in bytes."""

    name: str
    crc: int
    size: int


def local(head: FileHead) -> bytes:
    """Return the header that stands before a file's content."""
    fields = (_VERSION, 0, 0, 0, _DATE, head.crc, head.size, head.size, len(head.name), 0)
    return LOCAL.pack(LOCAL_SIGNATURE, *fields) + head.name.encode("ascii")


def directory(heads: Iterable[FileHead]) -> Iterator[bytes]:
    """Yield the records after the last file: one a file, and the end."""
    offset = size = count = 0
    for head in heads:
        record = _central(head, offset)
        yield record
        size += len(record)
        offset += LOCAL.size + len(head.name) + head.size
        count += 1
    yield _end(count, size, offset)


def _central(head: FileHead, offset: int) -> bytes:
    is_far = offset >= _MAX32
    version = _VERSION64 if is_far else _VERSION
    extra = _OFFSET64.pack(1, 8, offset) if is_far else b""
    fields = (version, 0, 0, 0, _DATE, head.crc, head.size, head.size, len(head.name), len(extra))
    rest = (0, 0, 0, _ATTRIBUTES, min(offset, _MAX32))
    packed = _CENTRAL.pack(b"PK\1\2", _UNIX | version, *fields, *rest)
    return packed + head.name.encode("ascii") + extra


def _end(count: int, size: int, offset: int) -> bytes:
    fields = (min(count, _MAX16), min(size, _MAX32), min(offset, _MAX32))
    end = _END.pack(b"PK\5\6", 0, 0, fields[0], *fields, 0)
    if count < _MAX16 and max(size, offset) < _MAX32:
        return end
    made_by = _UNIX | _VERSION64
    rest = (_END64.size - 12, made_by, _VERSION64, 0, 0, count, count, size, offset)
    locator = _LOCATOR64.pack(b"PK\6\7", 0, offset + size, 1)
    return _END64.pack(b"PK\6\6", *rest) + locator + end
