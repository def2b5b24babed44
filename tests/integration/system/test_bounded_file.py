"""A file of lines keeps its bound, its mode and complete lines, with several writers."""

import os
import stat
import threading
from pathlib import Path

import pytest

from ledger.system.bounded_file import BoundedFile

LINE = b"0123456789abcde\n"


def older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def test_lines_are_appended_to_a_file_of_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = BoundedFile(path, max_bytes=1_000)
    file.append([b"one\n"])
    file.append([b"two\n", b"three\n"])
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not older(path).exists()


def test_a_full_file_becomes_the_older_one_and_there_are_never_more_than_two(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lines"
    file = BoundedFile(path, max_bytes=4 * len(LINE))
    for number in range(25):
        file.append([b"%015d\n" % number])
        assert path.stat().st_size <= 4 * len(LINE)
    assert path.read_bytes() == b"%015d\n" % 24
    assert older(path).read_bytes() == b"".join(b"%015d\n" % number for number in range(20, 24))
    assert stat.S_IMODE(older(path).stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lines", "lines.1"]


def test_a_batch_that_is_larger_than_a_file_is_divided(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    BoundedFile(path, max_bytes=2 * len(LINE)).append([LINE] * 5)
    assert (path.read_bytes(), older(path).read_bytes()) == (LINE, LINE * 2)


def test_a_line_that_was_cut_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"whole\ncut o")
    BoundedFile(path, max_bytes=1_000).append([LINE])
    assert path.read_bytes() == b"whole\ncut o\n" + LINE


def test_a_file_that_was_moved_away_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = BoundedFile(path, max_bytes=1_000)
    file.append([b"one\n"])
    path.rename(tmp_path / "taken")
    file.append([b"two\n"])
    assert path.read_bytes() == b"two\n"


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    (tmp_path / "lines").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        BoundedFile(tmp_path / "lines", max_bytes=1_000).append([LINE])
    assert target.read_bytes() == b""


def test_nothing_of_a_batch_is_left_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    file = BoundedFile(path, max_bytes=1_000)
    file.append([b"one\n"])
    real = os.write

    def half(descriptor: int, content: memoryview) -> int:
        if len(content) <= len(LINE) // 2:
            raise OSError(28, "No space left on device")
        return real(descriptor, content[: len(content) - len(LINE) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        file.append([LINE])
    monkeypatch.undo()
    assert path.read_bytes() == b"one\n"


def test_two_writers_lose_no_line_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lines"

    def append(letter: bytes) -> None:
        file = BoundedFile(path, max_bytes=10_000)
        for _ in range(200):
            file.append([letter * 15 + b"\n"])

    threads = [threading.Thread(target=append, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = path.read_bytes().splitlines()
    assert sorted(lines) == [b"a" * 15] * 200 + [b"b" * 15] * 200
