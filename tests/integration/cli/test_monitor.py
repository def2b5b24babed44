"""`ledger monitor` tells cron by its exit code what a log did, and is quiet while all is well."""

import json
import stat
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.cli.monitor import TOTAL_S
from ledger.system.directory_lock import alone
from ledger.tlog import checkpoint
from ledger.tlog.vkeys import generate
from tests.support.static_log import LOG_KEYS, ORIGIN, SIGNERS, StaticLog, entries_of
from tests.support.web import serving

Monitor = Callable[..., int]


@pytest.fixture
def log(site: tuple[Path, str]) -> StaticLog:
    return StaticLog(site[0] / "log", entries_of(600), SIGNERS)


@pytest.fixture
def other(site: tuple[Path, str]) -> StaticLog:
    """The same keys, the same directory, another history after 100 entries."""
    entries = [*entries_of(100), *entries_of(500, kind="other")]
    return StaticLog(site[0] / "log", entries, SIGNERS)


@pytest.fixture
def monitor(site: tuple[Path, str], tmp_path: Path) -> Monitor:
    def run(*more: str, url: str = f"{site[1]}/log/") -> int:
        given = ["monitor", url, "--state", str(tmp_path / "state"), *LOG_KEYS]
        return main([*given, "--max-age", "0", *more])

    return run


def test_a_log_that_grows_is_watched_without_a_word(
    log: StaticLog, monitor: Monitor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for size in (0, 10, 255, 256, 256, 600):
        log.publish(size)
        assert monitor() == ExitCode.DONE
    assert capfd.readouterr() == ("", "")
    state = tmp_path / "state"
    assert json.loads(state.read_text())["checkpoint"].split("\n")[1] == "600"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


def test_each_alarm_has_an_exit_code_of_its_own(
    log: StaticLog, other: StaticLog, monitor: Monitor, tmp_path: Path
) -> None:
    log.publish(300)
    assert monitor() == ExitCode.DONE
    policy = tmp_path / "policy"
    policy.write_text(f"witness w {generate('w', cosigner=True)[0].key.vkey}\nquorum w\n")
    found = {
        "witnesses": monitor("--policy", str(policy)),
        "stale": monitor("--max-age", "1"),
    }
    log.publish(299)
    found["rollback"] = monitor()
    other.publish(300)
    found["fork of one size"] = monitor()
    other.publish(400)
    found["fork"] = monitor()
    log.publish(301, checkpoint.sign(log.tree.at(301), SIGNERS[:1], now_s=1))
    found["key line"] = monitor()
    log.publish(302, log.tree.note(302)[:-9] + b"AAAAAAA=\n")
    found["invalid"] = monitor()
    (log.directory / "checkpoint").unlink()
    found["unreachable"] = monitor()
    assert found == {
        "witnesses": ExitCode.UNVERIFIABLE,
        "stale": ExitCode.UNMET,
        "rollback": ExitCode.ROLLED_BACK,
        "fork of one size": ExitCode.FORKED,
        "fork": ExitCode.FORKED,
        "key line": ExitCode.UNSIGNED,
        "invalid": ExitCode.INVALID,
        "unreachable": ExitCode.UNAVAILABLE,
    }
    assert len({*found.values()}) == 7
    log.publish(303)
    assert monitor() == ExitCode.DONE


def test_the_proof_of_a_fork_is_kept_for_others_to_verify(
    log: StaticLog,
    other: StaticLog,
    monitor: Monitor,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.publish(300)
    assert monitor() == ExitCode.DONE
    other.publish(400)
    assert (monitor(), monitor()) == (ExitCode.FORKED, ExitCode.FORKED)
    files = sorted(path.name for path in tmp_path.glob("conflict-*"))
    old, new, proof = (tmp_path / name for name in files)
    capsys.readouterr()
    given = ["log", "compare", str(old), str(new), "--log", SIGNERS[0].key.vkey]
    assert main([*given, "--proof", str(proof)]) == ExitCode.INVALID
    assert "Proof of misbehaviour (log_forked)" in capsys.readouterr().out
    assert json.loads((tmp_path / "state").read_text())["checkpoint"] == old.read_text()


def test_a_memory_that_cannot_be_read_is_never_a_first_run(
    log: StaticLog, monitor: Monitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.publish(300)
    assert monitor() == ExitCode.DONE
    whole = (tmp_path / "state").read_bytes()
    other = StaticLog(tmp_path, entries_of(3), generate(ORIGIN)).tree.note(3).decode()
    for damaged in (
        b"",
        whole[:-1],
        b"\xff" * 10,
        b"x" * (2 * 1024 * 1024),
        whole.replace(b"300", b"301"),
        json.dumps({"checkpoint": other, "seenS": 1}).encode(),
    ):
        (tmp_path / "state").write_bytes(damaged)
        assert monitor() == ExitCode.USAGE
        assert "state_invalid" in capsys.readouterr().err
        assert (tmp_path / "state").read_bytes() == damaged


def test_the_result_as_json_says_what_was_believed(
    log: StaticLog, monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(*more: str) -> Any:
        monitor("--json", *more)
        return json.loads(capsys.readouterr().out)

    log.publish(300)
    first = answer()
    assert (first["ledger"], first["size"], first["believed"], first["first"], first["alarms"]) == (
        ORIGIN,
        300,
        True,
        True,
        [],
    )
    log.publish(200)
    second = answer()
    assert (second["believed"], second["first"]) == (False, False)
    assert [each["code"] for each in second["alarms"]] == ["log_rolled_back"]


def test_two_runs_at_once_do_not_write_one_memory(
    log: StaticLog, monitor: Monitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.publish(3)
    with alone(tmp_path / "state.lock"):
        assert monitor() == ExitCode.UNAVAILABLE
    assert "data_in_use" in capsys.readouterr().err
    assert monitor() == ExitCode.DONE


@pytest.mark.parametrize(
    "given",
    [
        ["http://127.0.0.1/log/"],  # no key
        ["ftp://127.0.0.1/log/", "--log-key", SIGNERS[0].key.vkey],
        ["http://127.0.0.1/log/", "--log-key", "nonsense+1+2"],
        ["http://127.0.0.1/log/", "--log-key", SIGNERS[0].key.vkey, "--max-age", "-1"],
    ],
)
def test_a_wrong_argument_is_no_alarm(given: list[str], tmp_path: Path) -> None:
    assert main(["monitor", *given, "--state", str(tmp_path / "state")]) == ExitCode.USAGE
    assert not (tmp_path / "state").exists()


class _Endless(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65_536))
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # the library's name
        """Log nothing."""


def test_a_server_that_sends_for_ever_is_cut_off(
    monitor: Monitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path, _Endless) as origin:
        assert monitor(url=f"{origin}/log/") == ExitCode.UNAVAILABLE
    assert "over 524,288 bytes" in capsys.readouterr().err
    assert TOTAL_S == 60
