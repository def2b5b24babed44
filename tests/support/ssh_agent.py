"""A real ssh-agent of OpenSSH, in a process of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

START_S = 20


class Agent(NamedTuple):
    """An agent's directory, and its process."""

    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def socket(self) -> str:
        return str(self.directory / "s")

    def create_key(self, kind: str = "ed25519") -> str:
        """Create a key, give it to the agent alone, and return its place."""
        path = self.directory / uuid4().hex
        self._run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path))
        self._run("ssh-add", "-q", str(path))
        path.unlink()
        _, fingerprint, *_ = self._run("ssh-keygen", "-l", "-f", f"{path}.pub").split()
        return f"ssh-agent:{fingerprint}"

    def forget_keys(self) -> None:
        self._run("ssh-add", "-q", "-D")

    def _run(self, *command: str) -> str:
        environment = os.environ | {"SSH_AUTH_SOCK": self.socket}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running_agent(directory: Path) -> Iterator[Agent]:
    """Start an agent with its socket in this directory; end it afterwards."""
    program = shutil.which("ssh-agent")
    if program is None:
        raise AssertionError(
            "The tests need ssh-agent of OpenSSH: install it (Debian and Ubuntu: apt-get install "
            "openssh-client), or run the tests with make."
        )
    with subprocess.Popen(
        [program, "-D", "-a", str(directory / "s")], stdout=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + START_S
            while not (directory / "s").exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)  # the process has no other signal that it listens
            yield Agent(directory, process)
        finally:
            process.terminate()
