"""Requests that are right and cost much: evidence, drafts, searches, the past, event streams."""

import json
from contextlib import suppress

from tests.hostile.target import Target, Wire, kind

CREATE = "/api/statements/create"


async def evidence(target: Target) -> None:
    """Whole logs and redacted bundles, by a stranger and by a member who is no auditor."""
    path = f"/api/statements/{target.known.statement}/evidence?mode="
    raw = [
        target.head("GET", f"{path}{mode}", "Connection: close", session=by_member)
        for mode, by_member in (("full", False), ("full", True), ("redacted", True))
    ]
    await target.flood(400, lambda n: target.ask(raw[n % 3]), at_once=8)


async def drafts(target: Target) -> None:
    """300 drafts into somebody's inbox, right ones, and some whose policy has 10,000 members."""
    signed = [target.post(CREATE, each.encode(), session=True) for each in target.known.drafts]
    await target.repeat(len(signed), lambda n: target.ask(signed[n]), at_once=4)


async def forged_drafts(target: Target) -> None:
    """Documents of 20,000 objects that nobody signed, as many at once as an address may send."""
    document = json.dumps('{"content":"{}","x":[' + "{}," * 19_000 + "1]}")
    act = "eyJhbGciOiJFZERTQSIsInR5cCI6ImFjdCtqd3QifQ.e30.AA"
    raw = target.post(CREATE, f'{{"document":{document},"act":"{act}"}}'.encode())
    await target.flood(480, lambda n: target.ask(raw, f"127.0.0.{2 + n % 4}"), at_once=128)


async def searches(target: Target) -> None:
    queries = ("q=a*", "q=series", "at=1", "status=pending&limit=100", f"q={'a%20' * 40}")
    paths = [f"/api/statements?{query}" for query in queries] + ["/api/events?at=2"]

    def raw(number: int) -> bytes:
        path = paths[number % len(paths)]
        return target.head("GET", path, "Connection: close", session=number % 3 > 0)

    await target.flood(2_000, lambda n: target.ask(raw(n)), at_once=8)


async def streams(target: Target) -> None:
    """1,000 event streams by one member, of which none is read."""
    held: list[Wire] = []
    raw = target.head("GET", "/api/stream", session=True)

    async def one(number: int) -> None:
        wire = await target.connect(f"127.0.0.{2 + number % 6}")
        if wire is None:
            return
        await wire.send(raw)
        first = b""
        with suppress(OSError):  # on a full server, what waits longest gives way
            first = await wire.reader.readline()
        target.tally[first.decode("latin-1")[9:12] or "no answer"] += 1
        held.append(wire)

    await target.repeat(1_000, one, at_once=16)
    await target.rest()
    for wire in held:
        wire.hang_up()


def costly_document(document: str) -> str:
    """Return a document whose policy has 10,000 members."""
    members = json.loads(document)
    members["policy"] = {"threshold": 1, "of": ["role:investor"] * 10_000}
    return json.dumps(members)


KINDS = (
    kind("evidence of the whole log", evidence, 200, 401, 403),
    kind("480 forged drafts", forged_drafts, 400),
    kind("300 drafts into an inbox", drafts, 200, 201, 400, 409),
    kind("searches and reads of the past", searches, 200, 400, 401, 404),
    kind("1,000 event streams of one member", streams, 200),
)
