"""Real witnesses in their own processes, which tests may kill."""

import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

from ledger.tlog.vkeys import NoteKey
from ledger.witness import state
from ledger.witness.state import WitnessState
from tests.support.programs import Running, start_program
from tests.support.server import START_S, free_port


class WitnessServer:
    """A witness on this machine, whose state outlives its process."""

    def __init__(self, data: Path, name: str = "witness.example.com/1") -> None:
        self.data = data
        self.name = name
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        state.create(data, name)
        opened = WitnessState(data)
        self.keys: list[NoteKey] = [signer.key for signer in opened.signers]
        opened.close()
        self._process: Running | None = None

    @property
    def line(self) -> str:
        """The policy line for the witness's Ed25519 key."""
        return f"witness {self.name} {self.keys[0].vkey} {self.url}\n"

    @property
    def output(self) -> str:
        """The process's output so far."""
        return (self.data / "output").read_text()

    def start(self, *vkeys: str) -> None:
        """Start a witness of the logs with these keys; return when it answers."""
        command = ["witness", "serve", "--data", str(self.data)]
        command += ["--host", "localhost", "--port", str(self.port)]
        command += [part for vkey in vkeys for part in ("--log", vkey)]
        root = Path(__file__).parents[2]
        path = os.pathsep.join((str(root / "src"), str(root)))
        environment = os.environ | {"PYTHONPATH": path}
        self._process = start_program("ledger", command, environment, self.data / "output")
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the witness did not start:\n{self.output}")
            time.sleep(0.02)  # the process has no other signal that it listens

    def kill(self) -> None:
        """Kill the process at once, like a power cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/", timeout=1).close()  # noqa: S310  # this machine
        except urllib.error.HTTPError as answer:
            answer.close()
            return True
        except OSError:
            return False
        return True
