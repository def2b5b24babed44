"""Write cases.json: `python -m tests.vectors.operator_recovery.make`.

Each case is a log in which the operator recovers governance, and the code with which an auditor
refuses the last event, null where it accepts it. `story` are the first events of every case. Python
and JavaScript read the same file. A case with `streams` is about the part of the log that has only
these.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.domain.charter import STREAM
from tests.vectors.changes.make import shown_event
from tests.vectors.operator_recovery.invitations import EVIDENCE, NUMBERS, inviting
from tests.vectors.operator_recovery.newcomers import CANCELLING, COMING, RECOVERED, gil
from tests.vectors.operator_recovery.wreck import ONE, Wreck

PATH = Path(__file__).with_name("cases.json")
TRIES = NUMBERS | EVIDENCE | COMING | CANCELLING


def logs() -> Iterator[tuple[str, Wreck, str | None, list[str] | None]]:
    """Yield the name, the log, the expected code and the streams of each case."""
    for name, (tries, expected) in TRIES.items():
        told = Wreck()
        tries(told)
        yield name, told, expected, None
    told = Wreck()
    told.add(STREAM, inviting(ONE)(told))
    yield "a part of the log without the people who govern", told, None, [str(STREAM)]
    told = Wreck()
    for step in (*RECOVERED, gil):
        step(told)
    streams = [str(STREAM), told.gil.user]
    yield "a part of the log with somebody who came", told, None, streams


def text() -> str:
    """Return the file's text."""
    story = [shown_event(at, each) for at, each in enumerate(Wreck().events, start=1)]
    cases: list[dict[str, Any]] = []
    for name, told, code, streams in logs():
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        case: dict[str, Any] = {"name": name, "events": shown[len(story) :], "code": code}
        cases.append(case if streams is None else case | {"streams": streams})
    found = {"story": story, "cases": cases}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
