"""The doctor finds each fault of an installation, says what to do, and changes nothing."""

import json
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ledger.cli.main import main
from ledger.data_files import RESTORING
from ledger.errors import NotFoundError
from ledger.jose import SigningKey
from ledger.recovery.doctor import Diagnosis, examine
from ledger.recovery.inspection import inspect
from ledger.settings import Settings
from ledger.store.engines import copies, open_signer_memory
from ledger.system.directory_lock import READY
from ledger.system.smtp import parse_smtp_url
from ledger.tlog.checkpoint import Checkpoint
from tests.support.logs import settings_of
from tests.support.post_office import PostOffice
from tests.support.refusals import refused
from tests.support.restores import backed_up, grow, invited

NOW_MS = time.time_ns() // 1_000_000
GONE = {"LEDGER_OWN_KEY": f"ssh-agent:SHA256:{'A' * 43}", "SSH_AUTH_SOCK": "/nowhere/agent"}


@pytest.fixture
def settings(ledger: Path, tmp_path: Path) -> Settings:
    copy = Path(shutil.copytree(ledger, tmp_path / "data"))
    copy.chmod(0o700)
    for path in copy.iterdir():
        path.chmod(0o600)
    return invited(copy)


def found(settings: Settings, part: str, backups: Path | None = None) -> Diagnosis:
    (one,) = [each for each in examine(settings, backups, now_ms=NOW_MS) if each.part == part]
    return one


def test_a_ledger_as_it_should_be_has_no_fault(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    backed_up(settings, tmp_path / "backups" / "today")
    all_found = examine(settings, tmp_path / "backups", now_ms=NOW_MS)
    assert {each.part: each.health for each in all_found} == {
        "settings": "ok",
        "tls": "ok",
        "clock": "ok",
        "disk": "ok",
        "permissions": "ok",
        "keys": "ok",
        "memory": "ok",
        "backups": "ok",
        "witnesses": "warning",
        "mail": "ok",
    }
    assert all(each.advice for each in all_found if each.health != "ok")


def lose_own_key(settings: Settings) -> None:
    (settings.data / "ledger-key.pem").unlink()


def lose_heads_key(settings: Settings) -> None:
    (settings.data / "heads-key.pem").unlink()


def exchange_heads_key(settings: Settings) -> None:
    (settings.data / "heads-key.pem").write_bytes(SigningKey.generate().to_pem())


def lose_log_keys(settings: Settings) -> None:
    settings.log_keys.file.unlink()


def lose_memory(settings: Settings) -> None:
    settings.signer_memory.unlink()


def open_to_all(settings: Settings) -> None:
    (settings.data / "log.sqlite").chmod(0o644)


def interrupt_restore(settings: Settings) -> None:
    (settings.data / RESTORING).mkdir()
    (settings.data / RESTORING / READY).touch()


@pytest.mark.parametrize(
    ("break_it", "part", "words"),
    [
        (lose_own_key, "keys", "the ledger's own key cannot be used"),
        (lose_heads_key, "keys", "the ledger's heads key cannot be used"),
        (exchange_heads_key, "keys", "is not the ledger's heads key"),
        (lose_log_keys, "keys", "log keys"),
        (lose_memory, "memory", "memory is gone"),
        (open_to_all, "permissions", "log.sqlite"),
        (interrupt_restore, "settings", "interrupted"),
    ],
)
def test_each_fault_is_found(
    break_it: Callable[[Settings], None], part: str, words: str, settings: Settings
) -> None:
    break_it(settings)
    one = found(settings, part)
    assert (one.health, words in one.says) == ("fault", True), one
    assert one.advice


def test_a_log_that_is_older_than_what_was_signed_is_a_fault(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings)
    shutil.copy(tmp_path / "backup" / "log.sqlite", settings.data / "log.sqlite")
    one = found(settings, "memory")
    assert (one.health, one.advice) == ("fault", "run `ledger restore` with the newest backup")


def test_another_address_than_that_of_the_founding_is_a_fault(settings: Settings) -> None:
    moved = invited(settings.data, LEDGER_ORIGIN="http://localhost:9000")
    assert found(moved, "settings").health == "fault"


def test_a_public_suffix_is_a_fault(settings: Settings) -> None:
    suffix = invited(settings.data, LEDGER_ORIGIN="https://ledger.co.uk", LEDGER_RP_ID="co.uk")
    one = found(suffix, "settings")
    assert (one.health, "is a public suffix" in one.says) == ("fault", True)


def test_an_address_that_nobody_serves_is_a_fault(settings: Settings) -> None:
    away = invited(settings.data, LEDGER_ORIGIN="https://ledger.invalid")
    assert found(away, "tls").health == "fault"


@pytest.mark.parametrize(
    ("late_s", "health"), [(0, "ok"), (-30, "ok"), (-31, "fault"), (401 * 86_400, "fault")]
)
def test_a_clock_is_a_fault_where_it_keeps_a_server_from_writing(
    settings: Settings, late_s: int, health: str
) -> None:
    now_ms = inspect(settings).head.at_ms + late_s * 1000
    (one,) = [each for each in examine(settings, None, now_ms=now_ms) if each.part == "clock"]
    assert one.health == health, one


def test_the_clock_that_the_operator_confirmed_is_no_fault(settings: Settings) -> None:
    confirmed = invited(settings.data, LEDGER_CLOCK_CONFIRMED=str(inspect(settings).head.stored))
    (one,) = [each for each in examine(confirmed, None, now_ms=0) if each.part == "clock"]
    assert one.health == "ok"


def test_an_own_key_in_a_device_that_does_not_answer_is_a_fault(settings: Settings) -> None:
    one = found(invited(settings.data, **GONE), "keys")
    assert one.health == "fault"
    assert "signer_unavailable" in one.says


def test_another_tree_than_the_one_that_was_signed_is_a_fault(settings: Settings) -> None:
    _, newest = copies().newest(settings.data)
    assert newest is not None
    with closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory:
        signed = memory.known()[-1].checkpoint
        assert signed.size == newest.size
        assert memory.swap(signed, Checkpoint(signed.origin, signed.size, bytes(32)))
    one = found(settings, "memory")
    assert (one.health, "was signed" in one.says) == ("fault", True)


def test_an_epoch_that_the_log_has_not_reached_is_a_fault(settings: Settings) -> None:
    with closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory:
        signed = memory.known()[-1].checkpoint
        memory.begin(1, Checkpoint(f"{signed.origin}/1", signed.size, signed.root))
    one = found(settings, "memory")
    assert (one.health, "epoch 1 was begun" in one.says) == ("fault", True)


def test_a_policy_that_the_server_would_refuse_is_a_fault(
    settings: Settings, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_text("no policy\n")
    one = found(invited(settings.data, LEDGER_WITNESSES=str(policy)), "witnesses")
    assert one.health == "fault"


def test_a_mail_server_that_cannot_be_used_is_a_warning(settings: Settings) -> None:
    office = PostOffice()
    server = parse_smtp_url(office.settings["LEDGER_SMTP_URL"], ())
    mailing = msgspec.structs.replace(settings, smtp=server, mail_from="ledger@example.com")
    assert found(mailing, "mail").health == "ok"
    office.close()
    one = found(mailing, "mail")
    assert (one.health, "ConnectionRefusedError" in one.says) == ("warning", True)


def test_the_doctor_changes_nothing(settings: Settings) -> None:
    settings.data.chmod(0o755)
    for path in settings.data.iterdir():
        path.chmod(0o644)
    before = listed(settings.data)
    examine(settings, None, now_ms=NOW_MS)
    after = listed(settings.data)
    assert after == before


def listed(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time of the last change and content of a directory's files.

    Without those that SQLite keeps beside a database, also for somebody who only reads it.
    """
    return {
        path.name: (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in directory.iterdir()
        if not path.name.endswith(("-shm", "-wal", "-journal"))
    }


@pytest.mark.parametrize("days", [0, 30])
def test_old_backups_and_none_are_warned_of(days: int, settings: Settings, tmp_path: Path) -> None:
    assert found(settings, "backups").health == "warning"
    (tmp_path / "backups").mkdir()
    assert found(settings, "backups", tmp_path / "backups").health == "warning"
    backed_up(settings, tmp_path / "backups" / "one")
    later = NOW_MS + days * 24 * 60 * 60 * 1000
    (one,) = [
        each
        for each in examine(settings, tmp_path / "backups", now_ms=later)
        if each.part == "backups"
    ]
    assert one.health == ("ok" if days == 0 else "warning")


def test_the_command_ends_with_4_for_a_fault_and_prints_json(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEDGER_REGISTRATION", "invite")
    command = ["doctor", "--data", str(settings.data)]
    assert main(command) == 0
    assert "→ name the directory of your backups" in capsys.readouterr().out
    lose_memory(settings)
    assert main([*command, "--json"]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert [each["part"] for each in shown if each["health"] == "fault"] == ["memory"]


def test_there_must_be_a_ledger(tmp_path: Path) -> None:
    with refused(NotFoundError, "not_founded"):
        examine(settings_of(tmp_path / "nothing"), None, now_ms=NOW_MS)
