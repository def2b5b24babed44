"""Paths of tiles, and entry bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.tlog.tiles import bundle, parse_tile_path, split_bundle, tile_path, tiles_of


@pytest.mark.parametrize(
    ("n", "width", "path"),
    [
        (0, 256, "000"),
        (67, 12, "067.p/12"),
        (999, 256, "999"),
        (1000, 256, "x001/000"),
        (1_234_067, 256, "x001/x234/067"),
        (1_234_067, 255, "x001/x234/067.p/255"),
        (2**53 - 1, 1, "x009/x007/x199/x254/x740/991.p/1"),
    ],
)
def test_a_tile_has_one_path(n: int, width: int, path: str) -> None:
    assert tile_path(n, width) == path
    assert parse_tile_path(path) == (n, width)


@given(st.integers(0, 2**53 - 1), st.integers(1, 256))
def test_every_path_is_parsed_back(n: int, width: int) -> None:
    assert parse_tile_path(tile_path(n, width)) == (n, width)


@pytest.mark.parametrize(
    "path",
    """
    0 00 0000 1000 x000/067 x067 067/ /067 x001/67 001/067 x001/x067 X001/067 -01 +01 x00a/067
    067.p 067.p/ 067.p/0 067.p/01 067.p/256 067.p/257 067.p/1000 067.p/-1 067.p/1/ 067/p/1 067.P/1
    x001//067 ../067 067.p/1.p/1 x010/x000/x000/x000/x000/x000/000 x009/x007/x199/x254/x740/992
    ٠٦٧ 067.p/१
    """.split(),
)
def test_any_other_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(path)


@given(st.text(alphabet="0123456789x/.p-", max_size=24))
def test_what_is_parsed_is_spelled_as_it_was(path: str) -> None:
    try:
        n, width = parse_tile_path(path)
    except MalformedError:
        return
    assert tile_path(n, width) == path


@pytest.mark.parametrize("path", ["", "067\n", "067 ", "067.p/1\n"])
def test_a_path_has_no_space_around_it(path: str) -> None:
    with pytest.raises(MalformedError):
        parse_tile_path(path)


def test_a_bundle_has_the_length_before_each_entry() -> None:
    assert bundle([b"a", b"bc" * 200]) == b"\0\1a" + b"\x01\x90" + b"bc" * 200


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [(0, 0, 1)]),
        (256, [(0, 0, 256), (1, 0, 1)]),
        (513, [(0, 0, 256), (0, 1, 256), (0, 2, 1), (1, 0, 2)]),
    ],
)
def test_a_tree_has_each_tile_once_in_its_widest_form(
    size: int, expected: list[tuple[int, int, int]]
) -> None:
    assert [*tiles_of(size)] == expected


def test_a_bundle_of_entries_is_split_again() -> None:
    entries = [b"", b"a", b"b" * 65_535]
    assert split_bundle(bundle(entries)) == entries
    assert split_bundle(b"") == []


@pytest.mark.parametrize("raw", [b"\0", b"\0\1", b"\0\1ab", b"\xff\xff" + bytes(65_534)])
def test_a_bundle_of_entries_that_was_cut_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        split_bundle(raw)
    assert caught.value.code == "entry_bundle_malformed"
