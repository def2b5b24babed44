"""`ledger mirror` keeps a copy that any reader accepts, and writes nothing unverified into it."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.system.directory_lock import alone
from tests.support.static_log import LOG_KEYS, SIGNERS, StaticLog, entries_of
from tests.support.web import serving

Mirror = Callable[..., int]


@pytest.fixture
def log(site: tuple[Path, str]) -> StaticLog:
    return StaticLog(site[0] / "log", entries_of(1000), SIGNERS)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def mirror(site: tuple[Path, str], copy: Path) -> Mirror:
    def run(*more: str) -> int:
        return main(["mirror", f"{site[1]}/log/", str(copy), *LOG_KEYS, *more])

    return run


def held(directory: Path) -> dict[str, bytes]:
    """Return every file of a directory but the lock."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "mirror.lock"
    }


class _Files:
    """The files of a mirror as tlog-scales asks for them; `served` is any web server."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def get(self, *path: str) -> bytes | None:
        answer = httpx.get(f"{self._origin}/{'/'.join(path)}")
        return answer.content if answer.status_code == 200 else None


def test_an_independent_reader_accepts_the_copy_at_every_size(
    log: StaticLog, copy: Path, mirror: Mirror, capfd: pytest.CaptureFixture[str]
) -> None:
    sizes = (1, 255, 256, 257, 600, 1000)
    for size in sizes:
        log.publish(size)
        assert mirror() == ExitCode.DONE
        with serving(copy) as origin:
            reader = TilesReader(_Files(origin))
            point = Checkpoint.from_text((copy / "checkpoint").read_text())
            for signer in SIGNERS:
                point.verify(Vkey.from_string(signer.key.vkey))
            reader.set_size(size)
            assert reader.calculate_root_hash() == point.root_hash == log.tree.at(size).root
            for index in {0, size // 2, size - 1}:
                assert reader.get_entry(index) == f"entry {index}".encode()
    assert capfd.readouterr() == ("", "")
    # A full tile took the place of its beginnings.
    assert not list(copy.glob("tile/0/000.p")) + list(copy.glob("tile/entries/00[012].p"))


def test_only_what_is_new_is_fetched_and_a_copy_can_be_copied(
    log: StaticLog, copy: Path, mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    def written() -> int:
        assert mirror("--json") == ExitCode.DONE
        return int(json.loads(capsys.readouterr().out)["written"])

    log.publish(600)
    assert written() == 7  # two full tiles, a partial one, their entries, and the tile above
    assert written() == 0
    log.publish(601)
    assert written() == 2
    (log.directory / "tile/0/000").unlink()  # a full tile is not asked for again
    log.publish(700)
    (log.directory / "tile/entries/000").unlink()
    assert written() == 2
    again = copy.parent / "again"
    with serving(copy) as origin:
        keys = ["--log-key", SIGNERS[0].key.vkey]
        assert main(["mirror", f"{origin}/", str(again), *keys]) == ExitCode.DONE
    assert (again / "checkpoint").read_bytes() == (copy / "checkpoint").read_bytes()


def test_a_rollback_or_a_fork_changes_nothing_in_the_copy(
    log: StaticLog, site: tuple[Path, str], copy: Path, mirror: Mirror
) -> None:
    log.publish(600)
    assert mirror() == ExitCode.DONE
    before = held(copy)
    log.publish(599)
    assert (mirror(), held(copy)) == (ExitCode.ROLLED_BACK, before)
    other = StaticLog(site[0] / "log", entries_of(1000, kind="other"), SIGNERS)
    other.publish(700)
    assert mirror() == ExitCode.FORKED
    after = held(copy)
    proof = {name for name in after if name.startswith("conflict-")}
    assert (len(proof), {name: after[name] for name in before}) == (3, before)
    assert {*after} - proof == {*before}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tile/0/000", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
        ("tile/0/000", lambda raw: raw[:-32]),
        ("tile/1/000.p/2", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
        ("tile/entries/001", lambda raw: raw[:-1] + b"!"),
        ("tile/entries/001", lambda raw: raw + b"\0\1!"),
        ("tile/entries/001", lambda raw: raw[:-1]),
        ("checkpoint", lambda raw: raw.replace(b"\n600\n", b"\n601\n")),
    ],
)
def test_what_does_not_lead_to_the_signed_root_is_not_written_and_a_later_run_goes_on(
    log: StaticLog, copy: Path, mirror: Mirror, name: str, change: Callable[[bytes], bytes]
) -> None:
    log.publish(600)
    genuine = held(log.directory)
    (log.directory / name).write_bytes(change(genuine[name]))
    assert mirror() == ExitCode.INVALID
    assert held(copy).items() <= genuine.items()
    assert not (copy / "checkpoint").exists()
    log.publish(600, genuine["checkpoint"])
    assert (mirror(), held(copy)) == (ExitCode.DONE, genuine)


def test_a_damaged_copy_is_repaired_on_request(log: StaticLog, copy: Path, mirror: Mirror) -> None:
    log.publish(600)
    assert mirror() == ExitCode.DONE
    good = held(copy)
    (copy / "tile/0/000").write_bytes(good["tile/0/001"])
    (copy / "tile/entries/001").write_bytes(good["tile/entries/000"])
    (copy / "tile/1/000.p/2").write_bytes(b"")
    assert (mirror("--all"), held(copy)) == (ExitCode.DONE, good)
    (copy / "tile/entries/000").unlink()
    assert (mirror(), held(copy)) == (ExitCode.DONE, good)


def test_a_copy_whose_checkpoint_nobody_signed_is_not_continued(
    log: StaticLog, copy: Path, mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    log.publish(600)
    assert mirror() == ExitCode.DONE
    raw = (copy / "checkpoint").read_bytes()
    (copy / "checkpoint").write_bytes(raw.replace(b"\n600\n", b"\n60\n"))
    assert mirror() == ExitCode.USAGE
    assert "state_invalid" in capsys.readouterr().err


def test_a_log_that_cannot_be_read_leaves_the_copy_as_it_is(
    log: StaticLog, copy: Path, mirror: Mirror
) -> None:
    log.publish(600)
    assert mirror() == ExitCode.DONE
    before = held(copy)
    log.publish(700)
    (log.directory / "tile/0/002.p/188").unlink()
    assert (mirror(), held(copy)) == (ExitCode.UNAVAILABLE, before)
    with alone(copy / "mirror.lock"):
        assert mirror() == ExitCode.UNAVAILABLE
