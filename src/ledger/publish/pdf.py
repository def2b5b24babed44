"""A writer of PDF/A-3b files (ISO 19005-3, ISO 32000-1): text, shapes, one embedded file. Pure.

The file is gray, has one embedded font, a gray output intent, XMP metadata, and the same bytes for
the same content. It has no script, no form, no link and no encryption.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from ledger.publish.truetype import TrueType

_NAME = "AAAAAA+DejaVuSans"  # a subset's name begins with six letters
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{date}</xmp:CreateDate><xmp:ModifyDate>{date}</xmp:ModifyDate>
<xmp:CreatorTool>{producer}</xmp:CreatorTool><pdf:Producer>{producer}</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
_PRODUCER = "approval-ledger"
_TO_UNICODE = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
{ranges}
endcmap CMapName currentdict /CMap defineresource pop end end"""


class EmbeddedFile(NamedTuple):
    """The file inside the PDF: its name (ASCII), media type, what it is, its bytes."""

    name: str
    media_type: str
    says: str
    content: bytes


class Pdf:
    """The objects of one file; an object's number is its place in the list, from 1."""

    def __init__(self, font: TrueType) -> None:
        self.font = font
        self._objects: list[bytes] = []
        self._used: dict[int, str] = {}  # each glyph's character

    def text(self, shown: str) -> str:
        """Return a text as the operand of Tj, and note its glyphs for the subset."""
        for each in shown:
            self._used.setdefault(self.font.glyph(each), each)
        return "<" + "".join(f"{self.font.glyph(each):04X}" for each in shown) + ">"

    def width(self, shown: str, size: float) -> float:
        """Return how wide a text is at a size, in points."""
        units = sum(self.font.advance(self.font.glyph(each)) for each in shown)
        return units * size / self.font.units

    def file(
        self,
        pages: Sequence[str],
        size: tuple[int, int],
        *,
        title: str,
        at: str,
        inside: EmbeddedFile,
    ) -> bytes:
        """Return the whole file; `pages` are content streams, `at` is an RFC 3339 time in UTC."""
        catalog, tree = self._add(b""), self._add(b"")
        font = self._font()
        width, height = size
        kids = []
        for each in pages:
            content = self._stream("", each.encode("ascii"))
            page = (
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width} {height}]"
                f" /Resources << /Font << /F1 {font} 0 R >> >> /Contents {content} 0 R >>"
            )
            kids.append(self._add(page.encode()))
        listed = " ".join(f"{each} 0 R" for each in kids)
        self._objects[tree - 1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
        attached = self._embedded(inside, at)
        self._objects[catalog - 1] = (
            f"<< /Type /Catalog /Version /1.7 /Pages {tree} 0 R /Lang (en)"
            f" /Metadata {self._metadata(title, at)} 0 R"
            f" /OutputIntents [{self._output_intent()} 0 R]"
            f" /Names << /EmbeddedFiles << /Names [{_string(inside.name)} {attached} 0 R] >> >>"
            f" /AF [{attached} 0 R] /PageMode /UseAttachments"
            " /ViewerPreferences << /DisplayDocTitle true >> >>"
        ).encode()
        date = _date(at)
        info = self._add(
            f"<< /Title {_string(title)} /Producer ({_PRODUCER}) /Creator ({_PRODUCER})"
            f" /CreationDate {date} /ModDate {date} >>".encode()
        )
        return self._written(catalog, info)

    # --- parts ---------------------------------------------------------------------------------

    def _font(self) -> int:
        font, glyphs = self.font, sorted(self._used)

        def scaled(value: int) -> int:
            return round(1000 * value / font.units)

        embedded = font.subset(glyphs)
        program = self._stream(f"/Length1 {len(embedded)}", embedded)
        box = " ".join(str(scaled(each)) for each in font.box)
        descriptor = self._add(
            f"<< /Type /FontDescriptor /FontName /{_NAME} /Flags 4 /FontBBox [{box}]"
            f" /ItalicAngle 0 /Ascent {scaled(font.ascent)} /Descent {scaled(font.descent)}"
            f" /CapHeight 729 /StemV 80 /FontFile2 {program} 0 R >>".encode()
        )
        widths = " ".join(f"{each} [{scaled(font.advance(each))}]" for each in glyphs)
        descendant = self._add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{_NAME}"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
            f" /FontDescriptor {descriptor} 0 R /CIDToGIDMap /Identity"
            f" /DW 600 /W [{widths}] >>".encode()
        )
        named = [
            f"<{glyph:04X}> <{self._used[glyph].encode('utf-16-be').hex().upper()}>"
            for glyph in glyphs
        ]
        blocks = [named[at : at + 100] for at in range(0, len(named), 100)]
        ranges = "\n".join(
            f"{len(each)} beginbfchar\n" + "\n".join(each) + "\nendbfchar" for each in blocks
        )
        meaning = self._stream("", _TO_UNICODE.format(ranges=ranges).encode("ascii"))
        return self._add(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{_NAME} /Encoding /Identity-H"
            f" /DescendantFonts [{descendant} 0 R] /ToUnicode {meaning} 0 R >>".encode()
        )

    def _embedded(self, inside: EmbeddedFile, at: str) -> int:
        kind = inside.media_type.replace("/", "#2F")
        digest = hashlib.md5(inside.content, usedforsecurity=False).hexdigest().upper()
        stored = self._stream(
            f"/Type /EmbeddedFile /Subtype /{kind} /Params << /Size {len(inside.content)}"
            f" /CheckSum <{digest}> /ModDate {_date(at)} >>",
            inside.content,
        )
        return self._add(
            f"<< /Type /Filespec /F {_string(inside.name)} /UF {_string(inside.name)}"
            f" /Desc {_string(inside.says)} /AFRelationship /Source"
            f" /EF << /F {stored} 0 R /UF {stored} 0 R >> >>".encode()
        )

    def _metadata(self, title: str, at: str) -> int:
        date = at.partition(".")[0] + "+00:00"
        shown = _XMP.format(title=escape(title), date=date, producer=_PRODUCER).encode()
        head = f"<< /Type /Metadata /Subtype /XML /Length {len(shown)} >>"
        return self._add(head.encode() + b"\nstream\n" + shown + b"\nendstream")

    def _output_intent(self) -> int:
        profile = self._stream("/N 1", gray_profile())
        return self._add(
            "<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (Gray gamma 2.2)"
            f" /Info (Gray gamma 2.2) /DestOutputProfile {profile} 0 R >>".encode()
        )

    # --- objects -------------------------------------------------------------------------------

    def _add(self, content: bytes) -> int:
        self._objects.append(content)
        return len(self._objects)

    def _stream(self, members: str, content: bytes) -> int:
        packed = zlib.compress(content, 9)
        head = f"<< {members} /Filter /FlateDecode /Length {len(packed)} >>".encode()
        return self._add(head + b"\nstream\n" + packed + b"\nendstream")

    def _written(self, catalog: int, info: int) -> bytes:
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, content in enumerate(self._objects, start=1):
            places.append(len(out))
            out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
        start, name = len(out), hashlib.sha256(out).hexdigest()[:32].upper()
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        out += (
            f"trailer\n<< /Size {len(places) + 1} /Root {catalog} 0 R /Info {info} 0 R"
            f" /ID [<{name}> <{name}>] >>\nstartxref\n{start}\n%%EOF\n"
        ).encode()
        return bytes(out)


def _string(text: str) -> str:
    """Return a text string (ISO 32000-1 section 7.9.2.2): UTF-16 with its byte order mark."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"


def _date(at: str) -> str:
    digits = at.partition(".")[0].translate(str.maketrans("", "", "-:T"))
    return f"(D:{digits}+00'00')"


def gray_profile() -> bytes:
    """Return an ICC profile of version 2.1 for gray with gamma 2.2."""
    name = b"Gray gamma 2.2\0"
    white = struct.pack(">3i", 0xF6D6, 0x1_0000, 0xD32D)  # D50
    tags = {
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, 0x0233),
        b"wtpt": b"XYZ \0\0\0\0" + white,
    }
    start = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for tag, data in tags.items():
        table += struct.pack(">4sII", tag, start + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    size = start + len(content)
    head = struct.pack(">I4xI4s4s4s", size, 0x0210_0000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + white
    return head.ljust(128, b"\0") + table + content
