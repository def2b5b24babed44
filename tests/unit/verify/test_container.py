"""The container of evidence: one way to write it, and no other way to be read."""

import contextlib
import io
import random
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import b64_encode, sha256_hex
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.verify import container, zip_records
from ledger.verify.container import MANIFEST, CommittedTree, parse, parse_manifest, seal, write
from tests.support.examples import FEW

TREE = CommittedTree(origin="ledger.example/1", root=b64_encode(bytes(32)), size=7)
CONTENT = {"README.txt": b"Read me.\n", "entries/6": b"{}", "keys/vkeys": b"a+b+c\n"}
FILES = seal(CONTENT, tree=TREE, mode="statement", statements=("one",))
RAW = write(FILES)


def zipped(change: Callable[[zipfile.ZipFile], None]) -> bytes:
    """Return what another program writes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        change(archive)
    return buffer.getvalue()


def refused(raw: bytes) -> str:
    with pytest.raises(LedgerError) as caught:
        parse_manifest(parse(raw))
    return caught.value.code


def test_the_same_files_in_any_order_are_the_same_bytes() -> None:
    assert write(dict(reversed(FILES.items()))) == RAW
    assert parse(RAW) == dict(sorted(FILES.items()))
    assert [*parse(RAW)] == sorted(FILES)
    assert write(parse(RAW)) == RAW


def test_any_program_that_knows_zip_reads_it() -> None:
    with zipfile.ZipFile(io.BytesIO(RAW)) as archive:
        assert archive.testzip() is None
        assert {each.filename: archive.read(each) for each in archive.infolist()} == FILES
        for each in archive.infolist():
            assert each.date_time == (1980, 1, 1, 0, 0, 0)
            assert (each.compress_type, each.extra, each.comment) == (zipfile.ZIP_STORED, b"", b"")
            assert (each.create_system, each.create_version, each.extract_version) == (3, 20, 20)
            assert each.external_attr >> 16 == 0o100644


def test_the_manifest_names_every_other_file_by_its_digest() -> None:
    manifest = parse_manifest(parse(RAW))
    assert manifest.checkpoint == TREE
    assert manifest.statements == ("one",)
    assert manifest.files.keys() == CONTENT.keys()
    assert FILES[MANIFEST].startswith(b'{"checkpoint":{"origin":"ledger.example/1","root":"AAAA')


def test_every_bit_of_a_bundle_is_part_of_it() -> None:
    for place in range(len(RAW)):
        for bit in range(8):
            changed = bytearray(RAW)
            changed[place] ^= 1 << bit
            assert refused(bytes(changed))


def test_a_bundle_that_was_cut_or_grew_is_refused() -> None:
    for end in range(len(RAW)):
        assert refused(RAW[:end]) in ("bundle_malformed", "bundle_name_invalid")
    for more in (b"\0", b"\n", RAW):
        assert refused(RAW + more) == "bundle_malformed"
        assert refused(more + RAW) == "bundle_malformed"


def test_garbage_is_refused() -> None:
    chance = random.Random(7)
    for length in range(300):
        assert refused(chance.randbytes(length))
        assert refused(b"PK\3\4" + chance.randbytes(length))
        assert refused(RAW[:40] + chance.randbytes(length))


def test_damage_is_told_by_the_name_of_the_file() -> None:
    with pytest.raises(MalformedError, match=r"README\.txt is damaged"):
        parse(RAW.replace(b"Read me.", b"Read us."))
    with pytest.raises(MalformedError, match="keys/vkeys is not the one of the manifest"):
        parse_manifest(FILES | {"keys/vkeys": b"d+e+f\n"})


def _compressed(archive: zipfile.ZipFile) -> None:
    archive.writestr(zipfile.ZipInfo("bomb"), bytes(10_000_000), zipfile.ZIP_DEFLATED)


def _commented(archive: zipfile.ZipFile) -> None:
    archive.writestr("README.txt", b"")
    archive.comment = b"hello"


def _extra(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("README.txt")
    info.extra = b"\x55\x54\x00\x00"
    archive.writestr(info, b"")


def _streamed() -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr("README.txt", b"hello")
    return pipe.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(zipped(_compressed), id="compressed"),
        pytest.param(zipped(_commented), id="a comment"),
        pytest.param(zipped(_extra), id="an extra field"),
        pytest.param(zipped(lambda z: z.writestr("README.txt", b"")), id="another time"),
        pytest.param(zipped(lambda _: None) + b"\0", id="trailing bytes"),
        pytest.param(_streamed(), id="a data descriptor"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_another_way_to_write_it_is_refused(raw: bytes) -> None:
    assert refused(raw) == "bundle_malformed"


def test_an_empty_container_has_no_manifest() -> None:
    assert refused(write({})) == "manifest_missing"


def test_a_name_that_stands_twice_or_in_the_wrong_place_is_refused() -> None:
    one, two = write({"a": b"1"}), write({"b": b"2"})
    local_a, local_b = (each[: 30 + 1 + 1] for each in (one, two))
    for heads in (local_a + local_a, local_b + local_a):
        with pytest.raises(MalformedError, match="stands twice, or in the wrong place"):
            parse(heads)


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", ".", "a/.", "a\\b", "ä", "a b", "a\0b",
     "C:x", "x" * 201, "a\nb"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        write({name: b""})
    assert caught.value.code == "bundle_name_invalid"
    # The same in the bytes of a bundle: the reader checks before it uses.
    raw = name.encode("latin-1")
    local = zip_records.LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, 0x21, 0, 0, 0, len(raw), 0) + raw
    assert refused(local) == "bundle_name_invalid"


def test_dots_inside_a_name_are_only_dots() -> None:
    files = {"a..b": b"", "...": b"", ".hidden": b"", "x/-_.p/3": b""}
    assert parse(write(files)) == dict(sorted(files.items()))


def test_there_is_a_limit_to_files_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_FILES", 3)
    with pytest.raises(TooLargeError):
        write(FILES)
    with pytest.raises(TooLargeError):
        parse(RAW)
    monkeypatch.setattr(container, "MAX_FILES", 4)
    monkeypatch.setattr(container, "MAX_BUNDLE_BYTES", len(RAW))
    assert parse(write(FILES)) == dict(sorted(FILES.items()))
    monkeypatch.setattr(container, "MAX_BUNDLE_BYTES", len(RAW) - 1)
    with pytest.raises(TooLargeError):
        write(FILES)
    assert refused(RAW) == "bundle_too_large"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"entries/7": b"{}"}, "file_unlisted"),
        ({"entries/6": None}, "file_missing"),
        ({"entries/6": b"{} "}, "file_changed"),
        ({MANIFEST: None}, "manifest_missing"),
        ({MANIFEST: b"{}"}, "manifest_malformed"),
        ({MANIFEST: b"\xff"}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST] + b" "}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'"size":7', b'"size":7.0')}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'"size":7', b'"size":7,"x":1')}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'"size":7', b'"size":7,"size":7')},
         "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b"evidence/1", b"evidence/2")}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'"statement"', b'"other"')}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'["one"]', b'["one","one"]')}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'["one"]', b"[]")}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'"one"', b'"\\ud800"')}, "manifest_malformed"),
        ({MANIFEST: FILES[MANIFEST].replace(b'"README.txt"', b'"\xc3\xa4"')}, "manifest_malformed"),
    ],
)  # fmt: skip
def test_a_manifest_in_another_form_or_of_other_files_is_refused(
    change: dict[str, bytes | None], code: str
) -> None:
    files = {name: each for name, each in (FILES | change).items() if each is not None}
    assert refused(write(files)) == code


def test_a_manifest_that_names_itself_or_no_digest_is_refused() -> None:
    own = seal(FILES, tree=TREE, mode="full", statements=("one",))
    assert refused(write(own)) == "manifest_malformed"
    digest = sha256_hex(CONTENT["entries/6"]).encode()
    upper = FILES | {MANIFEST: FILES[MANIFEST].replace(digest, digest.upper())}
    assert refused(write(upper)) == "manifest_malformed"


NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,12}(/[A-Za-z0-9._-]{1,12}){0,3}", fullmatch=True).filter(
    lambda name: not {".", ".."} & {*name.split("/")}
)


@FEW
@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=12))
def test_what_is_written_is_read_and_written_again(files: dict[str, bytes]) -> None:
    raw = write(files)
    assert parse(raw) == files
    assert write(parse(raw)) == raw


@FEW
@given(st.binary(max_size=600), st.integers(0, len(RAW)), st.integers(0, len(RAW)))
def test_nothing_else_is_read_than_what_would_be_written(junk: bytes, a: int, b: int) -> None:
    raw = RAW[:a] + junk + RAW[b:]
    with contextlib.suppress(LedgerError):
        assert write(parse(raw)) == raw
