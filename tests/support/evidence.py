"""Fetch the evidence of a statement from a server."""

from typing import get_args

from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify.container import Mode
from tests.support.actor import Actor
from tests.support.server import Server

MODES: tuple[Mode, ...] = get_args(Mode)


def log_keys(server: Server) -> list[NoteKey]:
    with server.client() as client:
        keys = client.get("/.well-known/ledger-keys").json()["logKeys"]
    return [parse_vkey(each["vkey"]) for each in keys]


def exported(who: Actor, statement: str, mode: Mode = "statement") -> bytes:
    answer = who.client.get(f"/api/statements/{statement}/evidence", params={"mode": mode})
    assert answer.status_code == 200, answer.text
    return answer.content
