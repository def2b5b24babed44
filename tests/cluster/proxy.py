"""Caddy in front of the servers, with the configuration that docs/how-to/cluster has."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.cluster import processes
from tests.cluster.database import FILES
from tests.support.server import Server

START_S = 30


@contextmanager
def proxied(servers: Sequence[Server], port: int, directory: Path) -> Iterator[str]:
    """Serve all servers at one port of this machine, without HTTPS; yield the address."""
    text, address = (FILES / "Caddyfile").read_text(), f"http://localhost:{port}"
    written = {"ledger.example {": f"{address} {{", "admin off": "admin off\n\tauto_https off"}
    for number, each in enumerate(servers, start=1):
        written[f"10.0.0.{number}:8000"] = each.address.removeprefix("http://")
    for documented, here in written.items():
        assert documented in text, documented
        text = text.replace(documented, here)
    file = directory / "Caddyfile"
    file.write_text(text)
    command = [processes.find("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
    with (directory / "caddy.log").open("wb") as log:
        caddy = subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(directory)})
    try:
        _wait_until_ready(address)
        yield address
    finally:
        caddy.terminate()
        caddy.wait(START_S)


def _wait_until_ready(address: str) -> None:
    give_up = time.monotonic() + START_S
    while True:
        try:
            if httpx.get(f"{address}/readyz", timeout=START_S).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < give_up
        time.sleep(0.05)  # the proxy gives no other signal
