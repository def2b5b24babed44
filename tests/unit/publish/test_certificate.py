"""Certificates: what they say, and that their PDF file has the structure of PDF/A-3b."""

import hashlib
import re
import struct
import zlib
from functools import cache
from xml.etree import ElementTree

import msgspec
import pytest

from ledger.errors import CorruptError
from ledger.publish.certificate import SUMMARY, Certificate, certificate
from ledger.publish.certificate_pdf import FONT, NUMBERED, certificate_pdf, shown_text
from ledger.publish.truetype import TrueType
from ledger.verify.bundle import verify
from tests.support.dossier import APPROVED, REJECTED, UNTOUCHED, bundle_of
from tests.vectors.evidence.cases import good, made, states
from tests.vectors.evidence.table import CASES

NOW_MS = 1_900_000_000_000


@cache
def bundle(statement: str = APPROVED) -> bytes:
    return bundle_of(states(), "statement", statement)


@cache
def told(statement: str = APPROVED) -> Certificate:
    return certificate(verify(bundle(statement), now_ms=NOW_MS))


# --- what it says --------------------------------------------------------------------------------


def test_it_says_what_the_verifier_found() -> None:
    made_of = told()
    assert (made_of.title, made_of.status) == ("Series A – “preferred”", "approved")
    assert [(d.position, d.name, d.decision, d.form) for d in made_of.decisions] == [
        (13, "Bob", "approved", "shared"),
        (14, "Alice Ångström", "approved", "individual, policy not signed"),
    ]
    assert [(each.name, each.stands) for each in made_of.keys] == [
        ("Bob", "key revoked later"),
        ("Alice Ångström", "not revoked, as far as the evidence shows"),
    ]
    assert "ledger" not in dict(made_of.checks)  # nobody gave a key to compare with


def test_a_rejection_is_on_it_too() -> None:
    assert told(REJECTED).status == "rejected"
    assert [d.decision for d in told(REJECTED).decisions] == ["rejected"]


@pytest.mark.parametrize("name", ["an approval not shown", "another hash in a proof"])
def test_there_is_no_certificate_of_a_bundle_that_does_not_verify(name: str) -> None:
    case = next(each for each in CASES if each.name == name)
    with pytest.raises(CorruptError) as caught:
        certificate(verify(made(case), now_ms=NOW_MS))
    assert caught.value.code == "bundle_invalid"


def test_there_is_no_certificate_without_a_decided_statement() -> None:
    case = next(each for each in CASES if each.name == "an erased body")
    with pytest.raises(CorruptError) as caught:
        certificate(verify(made(case), now_ms=NOW_MS))
    assert caught.value.code == "bundle_invalid"


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Series A – “preferred”", "Series-A-preferred"),
        ("../../etc/passwd", "etc-passwd"),
        ("Übernahme 中文", "Übernahme-中文"),
        ("…", APPROVED),
        ("x" * 200, "x" * 80),
    ],
)
def test_its_file_is_named_after_the_title(title: str, stem: str) -> None:
    assert msgspec.structs.replace(told(), title=title).file_stem == stem


# --- the file ------------------------------------------------------------------------------------


def pdf(made_of: Certificate | None = None) -> bytes:
    return certificate_pdf(made_of or told(), bundle())


def objects(raw: bytes) -> dict[int, bytes]:
    """Return each object by its number, read by the places of the cross-reference table."""
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n\Z", raw)[0])
    count = int(re.findall(rb"\Axref\n0 (\d+)\n", raw[start:])[0])
    rows = raw[start:].splitlines()[3 : 2 + count]
    found = {}
    for number, row in enumerate(rows, start=1):
        content = raw[int(row[:10]) :]
        assert content.startswith(b"%d 0 obj\n" % number)
        found[number] = content.partition(b"obj\n")[2].partition(b"\nendobj\n")[0]
    return found


def one(raw: bytes, kind: bytes) -> bytes:
    """Return the only object that has this entry."""
    (found,) = (each for each in objects(raw).values() if kind in each.partition(b"stream\n")[0])
    return found


def referred(raw: bytes, holder: bytes, name: bytes) -> bytes:
    """Return the object that an entry refers to."""
    return objects(raw)[int(re.findall(name + rb" \[?(\d+) 0 R", holder)[0])]


def stream(content: bytes) -> bytes:
    head, _, rest = content.partition(b"\nstream\n")
    held = rest.removesuffix(b"\nendstream")
    assert int(re.findall(rb"/Length (\d+)", head)[0]) == len(held)
    return zlib.decompress(held) if b"/FlateDecode" in head else held


def text_of(raw: bytes) -> str:
    """Return what a reader of the file copies from its pages, by its ToUnicode map."""
    meaning = stream(referred(raw, one(raw, b"/Subtype /Type0"), b"/ToUnicode")).decode()
    characters = {
        glyph: bytes.fromhex(units).decode("utf-16-be")
        for glyph, units in re.findall(r"^<(\w{4})> <(\w+)>$", meaning, re.M)
    }
    pages = [each for each in objects(raw).values() if b"/Type /Page " in each]
    shown = []
    for page in pages:
        for operand in re.findall(rb"<(\w*)> Tj", stream(referred(raw, page, b"/Contents"))):
            glyphs = re.findall("....", operand.decode())
            shown.append("".join(characters[each] for each in glyphs))
    return "\n".join(shown)


def test_the_pages_have_every_word_of_it() -> None:
    shown = text_of(pdf())
    words = " ".join(shown.split())
    assert "Series A – “preferred”" in words
    assert "This statement is approved." in words
    assert told().sha256 in words.replace(" ", "")
    for each in told().decisions:
        assert each.name in words
    for key in told().keys:
        assert key.kid in words
    for sentence in (SUMMARY, *told().limits, *told().steps):
        assert sentence in words
    assert NUMBERED not in words


def test_the_bundle_is_inside_as_an_associated_file() -> None:
    raw = pdf()
    catalog = one(raw, b"/Type /Catalog")
    specification = referred(raw, catalog, b"/AF")
    assert referred(raw, catalog, rb"/EmbeddedFiles << /Names \[<\w+>") == specification
    assert b"/AFRelationship /Source" in specification
    name = "evidence.zip".encode("utf-16-be").hex().upper().encode()
    assert b"/F <FEFF" + name in specification
    assert b"/UF <FEFF" + name in specification
    stored = one(raw, b"/Type /EmbeddedFile ")
    assert b"/Subtype /application#2Fzip" in stored
    assert stream(stored) == bundle()
    digest = hashlib.md5(bundle(), usedforsecurity=False).hexdigest().upper()
    assert f"/Size {len(bundle())} /CheckSum <{digest}>".encode() in stored


def test_the_metadata_say_what_the_document_information_says() -> None:
    raw = pdf(msgspec.structs.replace(told(), title="R&D <1>"))
    kept = referred(raw, one(raw, b"/Type /Catalog"), b"/Metadata")
    assert (
        b"/Filter" not in kept.partition(b"stream")[0]
    )  # readers look for it without a PDF parser
    tree = ElementTree.fromstring(stream(kept).decode().strip("\ufeff"))  # noqa: S314  # our own
    told_of = {each.tag.rpartition("}")[2]: (each.text or "").strip() for each in tree.iter()}
    assert (told_of["part"], told_of["conformance"]) == ("3", "B")
    assert told_of["li"] == "R&D <1>"
    assert told_of["CreateDate"] == told_of["ModifyDate"] == "2026-11-21T03:04:22+00:00"
    info = referred(raw, raw[raw.rindex(b"trailer") :], b"/Info")
    assert b"/CreationDate (D:20261121030422+00'00')" in info
    assert b"/Title <FEFF" + "R&D <1>".encode("utf-16-be").hex().upper().encode() in info


def test_the_output_intent_has_a_gray_profile_and_the_pages_are_gray() -> None:
    raw = pdf()
    intent = referred(raw, one(raw, b"/Type /Catalog"), b"/OutputIntents")
    assert b"/S /GTS_PDFA1" in intent
    profile = stream(referred(raw, intent, b"/DestOutputProfile"))
    assert struct.unpack_from(">I", profile)[0] == len(profile)
    assert (profile[12:20], profile[36:40]) == (b"mntrGRAY", b"acsp")
    for page in (each for each in objects(raw).values() if b"/Type /Page " in each):
        drawn = stream(referred(raw, page, b"/Contents")).decode()
        assert re.findall(r"\b(?:rg|RG|k|K|cs|CS|gs|Do)\b", re.sub("<.*?>", "", drawn)) == []


def test_the_font_is_embedded_with_the_glyphs_that_are_shown() -> None:
    raw, whole = pdf(), TrueType(FONT.read_bytes())
    descriptor = one(raw, b"/Type /FontDescriptor")
    program = stream(referred(raw, descriptor, b"/FontFile2"))
    assert len(program) < 100_000 < FONT.stat().st_size
    descendant = one(raw, b"/Subtype /CIDFontType2").decode()
    widths = {int(glyph): int(width) for glyph, width in re.findall(r"(\d+) \[(\d+)\]", descendant)}
    assert set(map(whole.glyph, "Ångström")) <= widths.keys()
    for glyph, width in widths.items():
        assert width == round(1000 * whole.advance(glyph) / whole.units)


def test_it_has_no_script_no_action_no_encryption_and_an_id() -> None:
    raw = pdf()
    assert re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}\n", raw)
    heads = b"".join(each.partition(b"\nstream\n")[0] for each in objects(raw).values())
    forbidden = rb"/(?:JavaScript|JS|OpenAction|AA|Encrypt|AcroForm|URI|Launch)\b"
    assert re.findall(forbidden, heads + raw[raw.rindex(b"trailer") :]) == []
    assert re.search(rb"/ID \[<(\w{32})> <\1>\]", raw)


def test_the_same_bundle_gives_the_same_bytes() -> None:
    assert pdf() == pdf()


# --- letters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Łukasz Żółć", "Łukasz Żółć"),
        ("Αθήνα Москва Երևան თბილისი", "Αθήνα Москва Երևան თბილისი"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("李", "[U+674E]"),
        ("علي", "[U+0639][U+0644][U+064A]"),
        ("דוד", "[U+05D3][U+05D5][U+05D3]"),
        ("a\nb\u2028c", "a b c"),
        ("a\u202eb", "a[U+202E]b"),
    ],
)
def test_a_letter_is_shown_rightly_or_by_its_number(text: str, shown: str) -> None:
    assert shown_text(text, TrueType(FONT.read_bytes())) == shown


def test_a_file_with_numbers_for_letters_says_so() -> None:
    words = text_of(pdf(msgspec.structs.replace(told(), title="合同")))
    assert "[U+5408][U+540C]" in words
    assert NUMBERED in " ".join(words.split())


def test_a_long_certificate_goes_on_over_pages_and_a_long_word_over_lines() -> None:
    rows = told().decisions * 60
    long = msgspec.structs.replace(told(), decisions=rows, title="x" * 300, policy="y" * 400)
    raw = pdf(long)
    words = text_of(raw)
    assert words.count("Bob") == 61
    assert words.replace("\n", "").count("x") >= 300
    assert "page 1 of 5" in words
    for page in (each for each in objects(raw).values() if b"/Type /Page " in each):
        places = re.findall(
            r"Tf ([\d.]+) (-?[\d.]+) Td", stream(referred(raw, page, b"/Contents")).decode()
        )
        assert all(0 < float(x) < 595 and 30 < float(y) < 842 for x, y in places)


def test_a_certificate_of_a_statement_that_nobody_decided_says_so() -> None:
    assert "Nobody has decided yet." in text_of(certificate_pdf(told(UNTOUCHED), bundle(UNTOUCHED)))


def test_a_certificate_of_several_statements_is_of_the_first() -> None:
    assert certificate(verify(good("statement"), now_ms=NOW_MS)).statement == APPROVED


# --- the font ------------------------------------------------------------------------------------


def test_a_subset_keeps_the_outlines_of_its_glyphs_and_of_their_parts() -> None:
    whole = TrueType(FONT.read_bytes())
    glyph = whole.glyph("é")
    subset = whole.subset([glyph])
    tables = {
        subset[at : at + 4]: struct.unpack_from(">II", subset, at + 8)
        for at in range(12, 12 + 16 * struct.unpack_from(">H", subset, 4)[0], 16)
    }
    assert {*tables} >= {b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp"}
    start, length = tables[b"loca"]
    places = struct.unpack_from(f">{length // 4}I", subset, start)
    kept = [n for n in range(len(places) - 1) if places[n + 1] > places[n]]
    # The glyph for what is missing, the letter e, the accent, and é, which is composed of both.
    assert kept == [0, whole.glyph("e"), 118, glyph]
    assert whole.glyph("李") == 0
