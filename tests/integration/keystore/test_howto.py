"""docs/how-to/keep-keys-in-an-hsm.md: every command runs, in the order of the page."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.data_files import LEDGER_KEY_FILE, LOG_KEYS_FILE
from ledger.tlog.checkpoint import verify_note
from ledger.tlog.vkeys import ED25519, ML_DSA_44, NoteKey, from_pem
from tests.support.actor import Actor, policy_of
from tests.support.check import check_ledger
from tests.support.public_log import keys_of, proof_of
from tests.support.server import Server
from tests.support.softhsm import PIN, SoftHsm
from tests.support.ssh_agent import Agent
from tests.support.unused_names import unused

PAGE = (Path(__file__).parents[3] / "docs/how-to/keep-keys-in-an-hsm.md").read_text()
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SERVE = "ledger serve"


class Operator:
    """Somebody who follows the page on a machine of their own."""

    def __init__(self, directory: Path, module: str, **environment: str) -> None:
        self.directory = directory
        (directory / "etc").mkdir()
        (directory / "tokens").mkdir()
        configuration = directory / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {directory}/tokens\n")
        self.environment = {"SOFTHSM2_CONF": str(configuration), "HSM_PIN": PIN} | environment
        self.data = directory / "data"
        self.server = Server(self.data)
        self._paths = {"/etc/ledger": f"{directory}/etc", "/var/lib/ledger": str(self.data)}
        self._paths[MODULE] = module
        self.said = ""

    def follow(self, title: str) -> None:
        """Run the commands of a section; `ledger serve` starts the server again."""
        (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
        commands = re.findall(r"^\$ (.*)$", section, re.M)
        assert commands
        for command in commands:
            self.run(command)

    def run(self, command: str) -> None:
        for on_the_page, here in self._paths.items():
            command = command.replace(on_the_page, here)
        if exported := re.fullmatch(r'export (\w+)="?([^"]*)"?', command):
            name, value = exported.groups()
            self.environment[name] = value.replace(f"${name}", self.environment.get(name, ""))
        elif command == SERVE:
            self.serve()
        else:
            self.said = self._shell(command)

    def serve(self, *, ready: bool = True) -> None:
        """Stop the running server, and start one with what the operator exported."""
        if self.server.pid is not None:
            self.server.terminate()
        self.server._settings = self.environment
        self.server.start(ready=ready)

    def _shell(self, command: str) -> str:
        command = command.replace("ledger log", f"{sys.executable} -m ledger log")
        if command.startswith("softhsm2-util"):
            command += f" --pin {PIN}"  # it asks for the PINs
            command += " --so-pin 1234" if "--init-token" in command else ""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=os.environ | self.server.settings | self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def operator(tmp_path: Path, hsm: SoftHsm) -> Iterator[Operator]:
    found = Operator(tmp_path, hsm.module)
    yield found
    found.server.stop()


def signers(server: Server) -> tuple[NoteKey, ...]:
    """Approve a statement, and return the keys under the newest checkpoint."""
    with server.client() as client:
        actor = Actor(client, unused("Alice"), server.origin).register("creator")
        drafted = actor.draft(policy=policy_of(1, actor))
        approved = actor.approve(drafted).json()
        assert approved["status"] == "approved"
        assert proof_of(client, approved["leafIndex"]).status_code == 200
        raw = client.get("/log/checkpoint").content
        return verify_note(raw, keys_of(client), expected_origin=actor.ledger).signers


def kinds(keys: tuple[NoteKey, ...]) -> list[int]:
    return [key.kind for key in keys]


def in_file(operator: Operator, origin: str) -> list[int]:
    """Return the types of the keys in the file of log keys."""
    pem = (operator.data / LOG_KEYS_FILE).read_bytes()
    return [signer.key.kind for signer in from_pem(origin, pem)]


def test_a_ledger_is_founded_and_its_log_keys_rotated_with_keys_that_never_leave_the_token(
    operator: Operator,
) -> None:
    operator.follow("Create the keys")
    assert (operator.directory / "etc/pin").stat().st_mode & 0o777 == 0o600
    operator.follow("Found a ledger with them")
    vkeys = [line for line in operator.said.splitlines() if not line.startswith("#")]
    first = signers(operator.server)
    assert [key.vkey for key in first] == vkeys
    assert kinds(first) == [ED25519, ML_DSA_44]
    assert not (operator.data / LEDGER_KEY_FILE).exists()
    assert in_file(operator, first[0].name) == [ML_DSA_44]
    operator.follow("Rotate the log keys")
    second = signers(operator.server)
    assert kinds(second) == [ED25519, ML_DSA_44]
    assert not {*first} & {*second}
    assert in_file(operator, first[0].name) == [ML_DSA_44, ML_DSA_44]
    _, new = operator.environment["LEDGER_LOG_KEYS"].split()
    operator.environment["LEDGER_LOG_KEYS"] = new
    operator.serve()
    assert {*signers(operator.server)} == {*second}
    check_ledger(operator.server)


def test_the_keys_of_a_ledger_that_runs_are_moved(operator: Operator) -> None:
    operator.serve()
    old = signers(operator.server)
    key = operator.data / LEDGER_KEY_FILE
    for command in re.findall(r"^\$ (.*)$", PAGE, re.M)[:5]:
        if "--label own" not in command:
            operator.run(command)
    operator.follow("Move the keys of a running ledger")
    key.unlink()
    operator.environment |= {"LEDGER_DATA": str(operator.data)}
    exports = re.findall(r"^\$ (export LEDGER_(?:OWN|LOG)_KEYS?=.*)$", PAGE, re.M)[:2]
    for command in exports:
        operator.run(command)
    uri = operator.environment["LEDGER_LOG_KEYS"]
    operator.environment["LEDGER_LOG_KEYS"] = f"{operator.data}/{LOG_KEYS_FILE} {uri}"
    operator.serve()
    operator.run("ledger log rotate-keys")
    assert kinds(signers(operator.server)) == [ED25519, ML_DSA_44] * 2
    operator.run("ledger log retire-keys")
    new = signers(operator.server)
    assert kinds(new) == [ED25519, ML_DSA_44]
    assert not {*old} & {*new}
    check_ledger(operator.server)


def test_a_key_in_an_agent_signs_checkpoints(operator: Operator, agent: Agent) -> None:
    operator.environment["SSH_AUTH_SOCK"] = agent.socket
    operator.follow("Keys in an ssh-agent")
    _, fingerprint, *_ = operator.said.split()
    operator.environment["LEDGER_LOG_KEYS"] = f"ssh-agent:{fingerprint}"
    operator.serve()
    found = signers(operator.server)
    assert kinds(found) == [ED25519, ML_DSA_44]
    assert in_file(operator, found[0].name) == [ML_DSA_44]
    check_ledger(operator.server)
