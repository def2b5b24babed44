"""Private files: readable by their owner alone, with every umask and every earlier file."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import ConflictError
from ledger.sqlite.files import open_private
from ledger.system import private_files
from tests.support.refusals import refused


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_every_way_to_write_a_file_gives_it_to_its_owner_alone(tmp_path: Path) -> None:
    private_files.create(tmp_path / "created", b"secret")
    private_files.replace(tmp_path / "replaced", b"secret")
    private_files.publish(tmp_path / "published", b"secret")
    private_files.ensure(tmp_path / "ensured")
    open_private(tmp_path / "database").close()
    modes = {path.name: mode_of(path) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(
        ("created", "replaced", "published", "ensured", "database"), 0o600
    )
    assert (tmp_path / "created").read_bytes() == b"secret"
    assert (tmp_path / "replaced").read_bytes() == b"secret"


def test_a_file_is_published_whole_and_once_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    private_files.publish(tmp_path / "use.json", b"first")
    with pytest.raises(FileExistsError):
        private_files.publish(tmp_path / "use.json", b"second")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [
        ("use.json", b"first")
    ]


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    private_files.create(path, b"first")
    with pytest.raises(FileExistsError):
        private_files.create(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_replaced_file_is_whole_and_private_though_the_old_one_was_not(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"first")
    path.chmod(0o644)
    private_files.replace(path, b"second")
    assert (path.read_bytes(), mode_of(path)) == (b"second", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["key.pem"]


def test_two_that_replace_one_file_at_the_same_moment_do_not_write_into_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, create = tmp_path / "use.json", private_files.create

    def other_in_between(new: Path, content: bytes) -> None:
        create(new, content)
        if content == b"first":
            private_files.replace(path, b"second")

    monkeypatch.setattr(private_files, "create", other_in_between)
    private_files.replace(path, b"first")
    assert path.read_bytes() == b"first"  # the rename was the later one
    assert [each.name for each in tmp_path.iterdir()] == ["use.json"]


def test_an_existing_database_becomes_private_and_keeps_its_content(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"x")
    path.chmod(0o644)
    private_files.ensure(path)
    assert (path.read_bytes(), mode_of(path)) == (b"x", 0o600)


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_never_followed(tmp_path: Path, exists: bool) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if exists:
        target.write_bytes(b"theirs")
        target.chmod(0o644)
    link.symlink_to(target)
    with pytest.raises(FileExistsError):
        private_files.create(link, b"secret")
    with refused(ConflictError, "file_is_link"):
        private_files.ensure(link)
    private_files.replace(link, b"secret")
    assert not link.is_symlink()
    assert (link.read_bytes(), mode_of(link)) == (b"secret", 0o600)
    if exists:
        assert (target.read_bytes(), mode_of(target)) == (b"theirs", 0o644)
    else:
        assert not target.exists()
