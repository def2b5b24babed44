"""A bundle written in parts: the same bytes, ZIP64 where a number does not fit, nothing held."""

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import CorruptError, MalformedError, TooLargeError
from ledger.verify import container, zip_records
from ledger.verify.container import MeasuredFile, held, length, measured, parse, stream, write
from ledger.verify.zip_records import FileHead, directory
from tests.support.examples import FEW
from tests.support.refusals import refused

GIB = 1024**3
MANY = 70_000


def in_parts(content: bytes, size: int) -> MeasuredFile:
    return measured(lambda: (content[at : at + size] for at in range(0, len(content), size)))


@FEW
@given(st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=90)), st.integers(1, 40))
def test_a_bundle_in_parts_is_the_bundle_in_one_piece(files: dict[str, bytes], size: int) -> None:
    parted = {name: in_parts(content, size) for name, content in files.items()}
    assert b"".join(stream(parted)) == write(files)
    assert length(parted) == len(write(files))


def test_a_file_is_read_once_to_measure_and_once_to_write() -> None:
    read: list[str] = []

    def content(name: str) -> Iterator[bytes]:
        read.append(name)
        yield name.encode()

    files = {name: measured(lambda name=name: content(name)) for name in ("b", "a")}  # type: ignore[misc]  # a bound default
    assert read == ["b", "a"]
    assert b"".join(stream(files)) == write({"a": b"a", "b": b"b"})
    assert read == ["b", "a", "a", "b"]


@pytest.mark.parametrize("then", [b"other", b"longer than before", b""])
def test_a_file_that_changed_after_it_was_measured_ends_the_bundle(then: bytes) -> None:
    contents = iter([b"first", then])
    files = {"a": measured(lambda: iter([next(contents)])), "b": held(b"last")}
    written: list[bytes] = []
    with refused(CorruptError, "log_changed"):
        written += stream(files)
    with refused(MalformedError, "bundle_malformed"):
        parse(b"".join([zip_records.local(FileHead("a", 0, 5)), then]))


def test_a_name_or_a_limit_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with refused(MalformedError, "bundle_name_invalid"):
        next(stream({"../a": held(b"")}))
    monkeypatch.setattr(container, "MAX_FILES", 1)
    with refused(TooLargeError, "bundle_too_large"):
        next(stream({"a": held(b""), "b": held(b"")}))
    with refused(TooLargeError, "bundle_too_large"):
        length({"a": held(b""), "b": held(b"")})


def test_a_file_of_four_gib_is_refused() -> None:
    most = MeasuredFile(0, zip_records.MAX_FILE_BYTES, "", lambda: iter(()))
    assert length({"a": most}) > most.size
    with refused(TooLargeError, "bundle_too_large"):
        length({"a": most._replace(size=most.size + 1)})


# --- ZIP64 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 65_534, 65_535, MANY])
def test_zip64_counts_files_where_the_old_record_cannot(count: int) -> None:
    raw = write({f"{n:06d}": b"" for n in range(count)})
    assert (b"PK\6\6" in raw[-98:], b"PK\6\7" in raw[-42:]) == (count >= 65_535,) * 2
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert len(archive.namelist()) == count
    assert len(parse(raw)) == count


def test_zip64_that_is_not_needed_or_is_another_is_refused() -> None:
    needed = write({f"{n:06d}": b"" for n in range(65_535)})
    fewer = write({"a": b""})
    for raw in (
        needed[:-98] + needed[-22:],
        needed[:-42] + needed[-22:],
        fewer[:-22] + needed[-98:-22] + fewer[-22:],
        *(needed[:-at] + bytes([needed[-at] ^ 1]) + needed[-at + 1 :] for at in (20, 50, 97)),
    ):
        with refused(MalformedError, "bundle_malformed"):
            parse(raw)


def test_zip64_reaches_what_stands_beyond_four_gib() -> None:
    """The file is one of holes; other programs find what stands after them."""
    heads = [
        FileHead("a", 0, 3 * GIB),
        FileHead("b", 0, 2 * GIB),
        FileHead("c", zlib.crc32(b"far"), 3),
    ]
    with tempfile.TemporaryFile() as file:
        for head in heads:
            file.write(zip_records.local(head))
            if head.name == "c":
                file.write(b"far")
            else:
                file.seek(head.size, io.SEEK_CUR)
        file.writelines(directory(heads))
        with zipfile.ZipFile(file) as archive:
            assert [each.filename for each in archive.infolist()] == ["a", "b", "c"]
            assert archive.read("c") == b"far"
            assert [each.header_offset > 4 * GIB for each in archive.infolist()] == [0, 0, 1]


@pytest.mark.parametrize("size", [0xFFFF_FFFE - 31, 0xFFFF_FFFF - 31])
def test_an_offset_has_zip64_from_the_first_number_that_does_not_fit(size: int) -> None:
    far = [*directory([FileHead("a", 0, size), FileHead("b", 0, 0)])][1]
    extra = b"\1\0\x08\0" + (0xFFFF_FFFF).to_bytes(8, "little")
    assert (extra in far) == (size + 31 == 0xFFFF_FFFF)
    assert far[4:8] == (b"\x2d\x03\x2d\x00" if extra in far else b"\x14\x03\x14\x00")


def test_a_bundle_of_a_few_large_files_costs_no_memory_to_write() -> None:
    part = bytes(1024 * 1024)
    repeated = measured(lambda: (each for each, _ in zip(cycle([part]), range(64), strict=False)))
    largest = max(len(each) for each in stream({"a": repeated, "b": repeated}))
    assert largest == len(part)
