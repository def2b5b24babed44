"""Fetch the evidence of a statement from a server."""

import json
import subprocess
import sys
from typing import get_args

from ledger.encoding import jcs
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify import container
from ledger.verify.container import HEADS, MANIFEST, Mode
from tests.support.actor import Actor
from tests.support.check import wait_until_published
from tests.support.server import Server

MODES: tuple[Mode, ...] = get_args(Mode)
OF_MEMBERS: tuple[Mode, ...] = ("statement", "redacted")  # the whole log is for auditors


def log_keys(server: Server) -> list[NoteKey]:
    with server.client() as client:
        keys = client.get("/.well-known/ledger-keys").json()["logKeys"]
    return [parse_vkey(each["vkey"]) for each in keys]


def exported(who: Actor, statement: str, mode: Mode = "statement") -> bytes:
    answer = who.client.get(f"/api/statements/{statement}/evidence", params={"mode": mode})
    assert answer.status_code == 200, answer.text
    return answer.content


def but_for_heads(raw: bytes) -> dict[str, bytes]:
    """Return the files of a bundle without its heads, and the manifest without their digest.

    Heads have the time at which they were signed; everything else follows from the checkpoint.
    """
    files = container.parse(raw)
    manifest = json.loads(files.pop(MANIFEST))
    if files.pop(HEADS, None) is not None:
        del manifest["files"][HEADS]
    return files | {MANIFEST: jcs(manifest)}


def written(server: Server, statement: str, mode: Mode) -> bytes:
    """Return what the operator's command writes; it writes any mode."""
    wait_until_published(server)
    command = [sys.executable, "-m", "ledger", "export", "--format", "bundle", "--mode", mode]
    done = subprocess.run(
        [*command, "--data", str(server.data), statement],
        env=server.environment(),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
