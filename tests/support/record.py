"""The security record of a running server, read as an operator's tools read it."""

import json
import time
from typing import Any

from tests.support.server import Server

WITHIN_S = 10


def lines(server: Server) -> list[dict[str, Any]]:
    """Return every line that is written so far, the older file's first."""
    path = server.data / "security.jsonl"
    older = path.with_name("security.jsonl.1")
    texts = [each.read_text() for each in (older, path) if each.exists()]
    return [json.loads(line) for line in "".join(texts).splitlines() if line.strip("\0")]


def line_of(server: Server, request_id: str) -> dict[str, Any]:
    """Return the line of one request, which is written within a second or so."""
    give_up = time.monotonic() + WITHIN_S
    while time.monotonic() < give_up:
        for line in lines(server):
            if line["request_id"] == request_id:
                return line
        time.sleep(0.05)  # a file tells nobody that it has grown
    raise AssertionError(f"no line of request {request_id}: {lines(server)[-3:]}")
