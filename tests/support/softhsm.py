"""A token of SoftHSM, a PKCS#11 module that keeps its keys in files: https://www.opendnssec.org.

Its keys are created as an operator creates them, with `pkcs11-tool` of OpenSC.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pkcs11

from ledger.keystore.places import Pkcs11Uri, parse_key_place

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
PIN = "5678"
TOKEN = "ledger"


class SoftHsm(NamedTuple):
    """A token with the label `ledger`, and the file with its PIN."""

    directory: Path
    module: str

    @property
    def pin(self) -> Path:
        return self.directory / "pin"

    def create_key(self, *, kind: str = "EC:edwards25519", more: tuple[str, ...] = ()) -> str:
        """Create a key pair; return its label."""
        label = uuid4().hex
        made = ("--keypairgen", "--key-type", kind, "--label", label, "--id", label, *more)
        self.pkcs11_tool(*made)
        return label

    def pkcs11_tool(self, *arguments: str) -> None:
        login = ("--module", self.module, "--token-label", TOKEN, "--login", "--pin", PIN)
        run("pkcs11-tool", *login, *arguments)

    def restart(self) -> None:
        """End every session and login of this process, as a device that was unplugged."""
        pkcs11.lib(self.module).reinitialize()

    def uri(self, label: str, *, token: str = TOKEN, pin: Path | None = None) -> str:
        """Return the URI of a key, as a setting names it."""
        found = f"pkcs11:token={token};object={label}?module-path={self.module}"
        return f"{found}&pin-source=file:{pin or self.pin}"


def new_softhsm(directory: Path) -> SoftHsm:
    """Return a token in this directory, and let this process and those it starts find it.

    The module reads its configuration once in a process, so a process has one token.
    """
    module = next(filter(os.path.exists, MODULES), None)
    if module is None or not all(map(shutil.which, ("softhsm2-util", "pkcs11-tool"))):
        raise AssertionError(
            "The tests need SoftHSM 2 and OpenSC: install them (Debian and Ubuntu: apt-get install "
            "softhsm2 opensc), or run the tests with make."
        )
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    pins = ("--so-pin", "1234", "--pin", PIN)
    run("softhsm2-util", "--init-token", "--free", "--label", TOKEN, *pins)
    found = SoftHsm(directory, module)
    found.pin.write_text(f"{PIN}\n")
    return found


def run(*command: str) -> str:
    """Run a program; return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def place_of(uri: str) -> Pkcs11Uri:
    place = parse_key_place(uri, agent=None)
    assert isinstance(place, Pkcs11Uri)
    return place
