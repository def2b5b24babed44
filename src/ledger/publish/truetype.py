"""A TrueType font: which glyph shows a character, how wide it is, and a subset to embed. Pure.

It reads the tables that a PDF needs (OpenType 1.9: cmap, glyf, head, hhea, hmtx, loca, maxp). The
font comes with this package, so nothing here defends against a malformed one.
"""

import struct
from collections.abc import Iterable

# What a reader of a PDF needs of an embedded font; `glyf` and `loca` are made anew.
_KEPT = ("cvt ", "fpgm", "head", "hhea", "hmtx", "maxp", "prep")
_WORDS, _SCALE, _MORE, _XY, _MATRIX = 0x0001, 0x0008, 0x0020, 0x0040, 0x0080


class TrueType:
    """One font file."""

    units: int  # of the em square
    ascent: int
    descent: int
    glyphs: int  # how many there are

    def __init__(self, raw: bytes) -> None:
        (count,) = struct.unpack_from(">H", raw, 4)
        self._tables = {}
        for n in range(count):
            tag, _, offset, length = struct.unpack_from(">4sIII", raw, 12 + 16 * n)
            self._tables[tag.decode("ascii")] = raw[offset : offset + length]
        head, hhea = self._tables["head"], self._tables["hhea"]
        (self.units,) = struct.unpack_from(">H", head, 18)
        self.box: tuple[int, ...] = struct.unpack_from(">4h", head, 36)
        (self._long,) = struct.unpack_from(">h", head, 50)
        self.ascent, self.descent = struct.unpack_from(">2h", hhea, 4)
        (self._metrics,) = struct.unpack_from(">H", hhea, 34)
        (self.glyphs,) = struct.unpack_from(">H", self._tables["maxp"], 4)
        self._characters = self._read_characters()
        self._places = self._read_places()

    def _read_characters(self) -> dict[int, int]:
        """Return the glyph of each code point, from the subtable of format 12."""
        table = self._tables["cmap"]
        (count,) = struct.unpack_from(">H", table, 2)
        offsets = [struct.unpack_from(">HHI", table, 4 + 8 * n)[2] for n in range(count)]
        start = next(at for at in offsets if struct.unpack_from(">H", table, at)[0] == 12)
        (groups,) = struct.unpack_from(">I", table, start + 12)
        found = {}
        for n in range(groups):
            first, last, glyph = struct.unpack_from(">III", table, start + 16 + 12 * n)
            found.update({point: glyph + point - first for point in range(first, last + 1)})
        return found

    def _read_places(self) -> list[int]:
        table, count = self._tables["loca"], self.glyphs + 1
        if self._long:
            return list(struct.unpack_from(f">{count}I", table))
        return [2 * each for each in struct.unpack_from(f">{count}H", table)]

    def glyph(self, character: str) -> int:
        """Return the glyph of a character, 0 if the font has none."""
        return self._characters.get(ord(character), 0)

    def advance(self, glyph: int) -> int:
        """Return the width of a glyph in units of the font."""
        at = 4 * min(glyph, self._metrics - 1)
        width: int = struct.unpack_from(">H", self._tables["hmtx"], at)[0]
        return width

    def subset(self, glyphs: Iterable[int]) -> bytes:
        """Return a font with the outlines of these glyphs only; each keeps its number."""
        kept = self._with_parts({0, *glyphs})
        outlines, places = bytearray(), [0]
        for glyph in range(self.glyphs):
            if glyph in kept:
                outline = self._outline(glyph)
                outlines += outline + bytes(-len(outline) % 4)
            places.append(len(outlines))
        tables = {name: self._tables[name] for name in _KEPT if name in self._tables}
        head = bytearray(tables["head"])
        struct.pack_into(">I", head, 8, 0)  # the checksum of the whole file: readers of PDF skip it
        struct.pack_into(">h", head, 50, 1)
        tables |= {"glyf": bytes(outlines), "head": bytes(head)}
        tables["loca"] = struct.pack(f">{len(places)}I", *places)
        return _font_file(tables)

    def _outline(self, glyph: int) -> bytes:
        return self._tables["glyf"][self._places[glyph] : self._places[glyph + 1]]

    def _with_parts(self, glyphs: set[int]) -> set[int]:
        """Return the glyphs, and those that they are composed of."""
        found: set[int] = set()
        waiting = [*glyphs]
        while waiting:
            glyph = waiting.pop()
            if glyph not in found:
                found.add(glyph)
                waiting += _parts(self._outline(glyph))
        return found


def _parts(outline: bytes) -> list[int]:
    """Return the glyphs that a composite outline names."""
    if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
        return []
    found, at, flags = [], 10, _MORE
    while flags & _MORE:
        flags, glyph = struct.unpack_from(">HH", outline, at)
        found.append(glyph)
        at += 8 if flags & _WORDS else 6
        at += 2 if flags & _SCALE else 4 if flags & _XY else 8 if flags & _MATRIX else 0
    return found


def _font_file(tables: dict[str, bytes]) -> bytes:
    """Write a font file with these tables."""
    count = len(tables)
    power = 1 << count.bit_length() - 1
    head = struct.pack(
        ">IHHHH", 0x0001_0000, count, 16 * power, power.bit_length() - 1, 16 * (count - power)
    )
    directory, content = b"", b""
    start = len(head) + 16 * count
    for name, table in sorted(tables.items()):
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFF_FFFF
        place = start + len(content)
        directory += struct.pack(">4sIII", name.encode("ascii"), checksum, place, len(table))
        content += padded
    return head + directory + content
