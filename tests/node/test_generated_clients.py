"""The commands and programs of docs/how-to/generate-a-client.md, against a real server."""

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ledger import clock
from ledger.jose import SigningKey
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.bundle import verify
from tests.integration.conftest import Join
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import wait_for
from tests.support.clients import login_of
from tests.support.server import Server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "docs/how-to/generate-a-client.md").read_text()
EXAMPLE = "http://localhost:8000"


def part(heading: str) -> str:
    """Return the part of the page below a heading."""
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def code(text: str, language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(found)


@pytest.fixture
def place(tmp_path: Path, server: Server) -> Path:
    """A directory with the description of a server, and what npm installed for the page."""
    with server.client() as client:
        (tmp_path / "openapi.json").write_bytes(client.get("/schema/openapi.json").content)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    return tmp_path


def run_page(place: Path, heading: str, path: Path) -> str:
    """Run the commands of a part of the page; return what they print."""
    text = part(heading)
    environment = os.environ | {"PATH": f"{path}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    printed = ""
    for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        if command.startswith(("npm install", "pip install")):
            continue  # `make test-node` did
        ran = subprocess.run(
            shlex.split(command),
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        printed = ran.stdout
    return printed


@pytest.fixture
def asked(server: Server, alice: Actor, join: Join, place: Path) -> tuple[Actor, Any, SigningKey]:
    """A robot with its key in a file, and a statement that waits for it and closes first."""
    key = SigningKey.generate()
    robot = join("Robot", key=key)
    soon = clock.to_text(now_ms() + 3_600_000)
    drafted = alice.draft(policy=policy_of(1, robot, expiresAt=soon))
    wait_for(server, drafted.answer["position"])
    (place / "key.pem").write_bytes(key.to_pem())
    return robot, drafted, key


def check(place: Path, server: Server, asked: tuple[Actor, Any, SigningKey], printed: str) -> None:
    robot, drafted, key = asked
    found = robot.client.get(f"/api/statements/{drafted.id}").json()
    position = found["decisions"][-1]["position"]
    assert f"{found['title']}: approved at position {position}\n" in printed
    newest = re.search(r"the newest position is (\d+)\n", printed)
    assert newest is not None
    assert int(newest[1]) >= position
    keys = [parse_vkey(each) for each in login_of(robot, server, key).log_keys]
    report = verify((place / "evidence.zip").read_bytes(), expected_keys=keys, now_ms=0)
    assert (report.verdict, report.statements[0].status) == ("verified", "approved")


def test_types_for_typescript_and_a_client_list_show_sign_and_follow(
    server: Server, asked: tuple[Actor, Any, SigningKey], place: Path
) -> None:
    program = code(part("TypeScript"), "typescript")
    assert EXAMPLE in program
    (place / "approve.mts").write_text(program.replace(EXAMPLE, server.origin))
    printed = run_page(place, "TypeScript", HERE / "node_modules/.bin")
    check(place, server, asked, printed)


def test_a_generated_client_in_python_lists_shows_signs_and_follows(
    server: Server, asked: tuple[Actor, Any, SigningKey], place: Path
) -> None:
    heading = "Python, by openapi-python-client"
    (place / "config.yml").write_text(code(part(heading), "yaml"))
    program = code(part(heading), "python")
    assert EXAMPLE in program
    (place / "approve.py").write_text(program.replace(EXAMPLE, server.origin))
    printed = run_page(place, heading, ROOT / ".venv-clients/bin")
    check(place, server, asked, printed)


def test_the_page_installs_what_is_tried() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    for name, version in re.findall(r"(@?[a-z/-]+)@([0-9.]+)", part("TypeScript")):
        assert wanted[name] == version
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["clients"]
    (installed,) = re.findall(r"pip install (\S+)", PAGE)
    assert installed in group
