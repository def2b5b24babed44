"""The files of docs/how-to/deploy fit the program: its signals, exit codes, settings and paths."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import make_parser
from ledger.cli.monitor import TOTAL_S
from ledger.cli.serve import GRACE_S, LAST_S
from ledger.http.admission import ConnectionLimits
from ledger.settings import __doc__ as settings_text

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs/how-to/deploy"
CLUSTER = ROOT / "docs/how-to/cluster"
UNIT = (DEPLOY / "ledger.service").read_text()
MONITOR = (DEPLOY / "ledger-monitor.service").read_text()
COMMANDS = (ROOT / "docs/reference/commands.md").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()
COMPOSE = (DEPLOY / "compose.yaml").read_text()


def of_unit(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def test_every_setting_in_the_files_is_a_setting() -> None:
    known = set(re.findall(r"^\| (LEDGER_\w+) \|", settings_text or "", re.MULTILINE))
    pages = [*DEPLOY.glob("*.md"), *CLUSTER.glob("*.md")]
    for text in (UNIT, CONTAINER, COMPOSE, *(each.read_text() for each in pages)):
        assert set(re.findall(r"LEDGER_\w+", text)) <= known


def test_each_waits_for_a_stop_for_longer_than_a_stop_takes() -> None:
    assert GRACE_S < LAST_S
    (unit_s,) = of_unit("TimeoutStopSec")
    (compose_s,) = re.findall(r"^    stop_grace_period: (\d+)s$", COMPOSE, re.MULTILINE)
    assert min(int(unit_s), int(compose_s)) >= LAST_S + 15
    text = (DEPLOY / "README.md").read_text()
    assert f"a stop takes {LAST_S:.0f} seconds at most" in text


def test_each_stops_with_sigterm_and_lets_the_signal_reach_the_program() -> None:
    assert of_unit("KillSignal") == ["SIGTERM"]
    assert of_unit("KillMode") == ["mixed"]
    assert "\nSTOPSIGNAL SIGTERM\n" in CONTAINER
    assert "    stop_signal: SIGTERM\n" in COMPOSE
    # A shell in between would keep the signal to itself.
    assert re.search(r'^ENTRYPOINT \["/opt/ledger/bin/ledger"\]$', CONTAINER, re.MULTILINE)


def test_the_unit_restarts_what_may_pass_and_nothing_else() -> None:
    assert of_unit("Restart") == ["on-failure"]
    (prevented,) = of_unit("RestartPreventExitStatus")
    assert {int(code) for code in prevented.split()} == {ExitCode.INVALID, ExitCode.USAGE}


def test_the_unit_gives_every_connection_a_descriptor() -> None:
    (limit,) = of_unit("LimitNOFILE")
    (ulimit,) = re.findall(r"^      nofile: (\d+)$", COMPOSE, re.MULTILINE)
    assert min(int(limit), int(ulimit)) > 4 * ConnectionLimits().connections


def test_no_one_but_the_ledger_reads_its_data() -> None:
    assert of_unit("StateDirectoryMode") == ["0700"]
    assert of_unit("UMask") == ["0077"]
    (directory,) = of_unit("StateDirectory")
    assert f"Environment=LEDGER_DATA=/var/lib/{directory}\n" in UNIT
    (user,) = re.findall(r"^USER (\d+)$", CONTAINER, re.MULTILINE)
    assert int(user) > 0
    assert f"--uid {user} " in CONTAINER
    assert "install --directory --mode 0700 --owner ledger --group ledger /data /" in CONTAINER
    assert "read_only: true" in COMPOSE
    assert '- "127.0.0.1:8000:8000"' in COMPOSE


def test_a_restore_has_a_user_and_a_place_for_backups() -> None:
    """A user that lives only as long as the unit leaves nobody who could restore."""
    assert of_unit("DynamicUser") == []
    assert of_unit("User") == of_unit("Group") == ["ledger"]
    text = (DEPLOY / "README.md").read_text()
    assert "useradd --system" in text
    assert "runuser -u ledger -- /opt/ledger/bin/ledger restore" in text
    (settings,) = of_unit("EnvironmentFile")
    assert f"set -a; . {settings}; LEDGER_DATA=/var/lib/ledger; set +a" in text
    (mounted,) = re.findall(r"^      - \$\{BACKUPS:\?[^}]*\}:(/\w+)$", COMPOSE, re.MULTILINE)
    assert f"--group ledger /data {mounted}\n" in CONTAINER
    assert f"podman compose run --rm ledger restore {mounted}/" in text


def test_the_container_is_built_from_files_that_are_there_on_a_python_that_is_supported() -> None:
    for copied in re.findall(r"^COPY (?!--from)(.*)$", CONTAINER, re.MULTILINE):
        *sources, _ = copied.split()
        assert all((ROOT / each).exists() for each in sources)
    versions = set(re.findall(r"^FROM docker.io/library/python:([\d.]+)-slim", CONTAINER, re.M))
    project = (ROOT / "pyproject.toml").read_text()
    assert all(f'"Programming Language :: Python :: {each}"' in project for each in versions)
    (context,) = re.findall(r"^      context: (.*)$", COMPOSE, re.MULTILINE)
    (file,) = re.findall(r"^      dockerfile: (.*)$", COMPOSE, re.MULTILINE)
    assert (DEPLOY / context).resolve() == ROOT
    assert (ROOT / file).samefile(DEPLOY / "Containerfile")


def test_what_restarts_asks_whether_the_process_is_alive() -> None:
    (probe,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", CONTAINER)
    assert probe == "/livez"


def test_the_monitor_unit_runs_a_command_that_the_program_has_and_keeps_its_memory() -> None:
    (line,) = re.findall(r"^ExecStart=/opt/ledger/bin/ledger (.*)$", MONITOR, re.MULTILINE)
    address = "https://ledger.example.com/log/"
    chosen = make_parser().parse_args(line.replace("${MONITOR_URL}", address).split())
    assert (chosen.command, chosen.url) == ("monitor", address)
    (directory,) = re.findall(r"^StateDirectory=(.*)$", MONITOR, re.MULTILINE)
    assert chosen.state == Path(f"/var/lib/{directory}/state")
    (settings,) = re.findall(r"^EnvironmentFile=(.*)$", MONITOR, re.MULTILINE)
    text = (DEPLOY / "README.md").read_text()
    assert f"echo MONITOR_URL={address} > {settings}" in text
    (keys,) = chosen.log_key
    assert f"# cp log.vkeys {Path(keys).parent}/" in text
    (limit_s,) = re.findall(r"^TimeoutStartSec=(.*)$", MONITOR, re.MULTILINE)
    assert int(limit_s) > TOTAL_S
    assert f"for {TOTAL_S} seconds at most" in COMMANDS
    timer = (DEPLOY / "ledger-monitor.timer").read_text()
    assert "\nPersistent=yes\n" in timer


def test_systemd_itself_accepts_the_unit(tmp_path: Path) -> None:
    """Where systemd is; the tests above hold what matters everywhere."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        assert re.search(r"^\[Unit\]\n.*^\[Service\]\n.*^\[Install\]\n", UNIT, re.M | re.S)
        return
    unit = tmp_path / "ledger.service"
    # The program is not installed where the unit expects it.
    unit.write_text(UNIT.replace("/opt/ledger/bin/ledger", sys.executable))
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    service = tmp_path / "ledger-monitor.service"
    service.write_text(MONITOR.replace("/opt/ledger/bin/ledger", sys.executable))
    timer = tmp_path / "ledger-monitor.timer"
    timer.write_text((DEPLOY / "ledger-monitor.timer").read_text())
    done = subprocess.run([analyze, "verify", str(timer)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("line", ["Restart=sometimes", "TimeoutStopSec=soon"])
def test_a_unit_with_a_mistake_would_be_noticed(tmp_path: Path, line: str) -> None:
    """Without systemd, the mistake is one that the tests above look for."""
    name, _, value = line.partition("=")
    broken = re.sub(rf"^{name}=.*$", line, UNIT, flags=re.MULTILINE)
    assert broken != UNIT
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        assert of_unit(name) != [value]
        return
    unit = tmp_path / "ledger.service"
    unit.write_text(broken.replace("/opt/ledger/bin/ledger", sys.executable))
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True)
    assert done.stderr != ""
