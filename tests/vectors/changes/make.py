"""Write cases.json: `python -m tests.vectors.changes.make`.

Each case is a log with a change in it, and the code with which an auditor refuses the last event,
null where it accepts it. The auditors in Python and JavaScript read the same file. `story` are the
first events of every case. A case with `streams` is about the part of the log that has only these.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ledger.domain.events import Event
from tests.vectors.changes.acceptances import ACCEPTANCES, ACCEPTED_PARTS
from tests.vectors.changes.closing import CLOSING, PARTS
from tests.vectors.changes.company import Company
from tests.vectors.changes.drafts import drafts
from tests.vectors.changes.endings import ENDINGS
from tests.vectors.changes.erasures import ERASURES
from tests.vectors.changes.floors import FLOORS
from tests.vectors.changes.holds import HOLDS
from tests.vectors.changes.keeping import KEEPING
from tests.vectors.changes.places import PLACES
from tests.vectors.changes.suspensions import SUSPENSIONS
from tests.vectors.changes.tries import TRIES

PATH = Path(__file__).with_name("cases.json")
FORGERIES = (
    TRIES
    | SUSPENSIONS
    | PLACES
    | CLOSING
    | ENDINGS
    | ERASURES
    | HOLDS
    | FLOORS
    | ACCEPTANCES
    | KEEPING
)


def logs() -> Iterator[tuple[str, Company, str | None]]:
    """Yield the name, the log and the expected code of each case."""
    for name in drafts(Company()):
        told = Company()
        code, items = drafts(told)[name]
        told.draft_unseen(told.ada, *items)
        yield name, told, code
    for name, (tries, expected) in FORGERIES.items():
        told = Company()
        tries(told)
        yield name, told, expected


def shown_event(position: int, event: Event) -> dict[str, Any]:
    """Return an event as the files of cases show it."""
    return {
        "position": position,
        "stream": str(event.stream),
        "version": event.version,
        "at": event.at,
        "type": event.body.TAG,
        "body": msgspec.to_builtins(event.body),
    }


def text() -> str:
    """Return the file's text."""
    company = Company().events
    story = len(company)
    cases: list[dict[str, Any]] = []
    for name, told, code in logs():
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[story:], "code": code})
    for name, (tell, expected) in (PARTS | ACCEPTED_PARTS).items():
        told = Company()
        streams = tell(told)
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)][story:]
        part = {"name": name, "events": shown, "code": expected}
        cases.append(part | {"streams": streams})
    found = {
        "story": [shown_event(at, each) for at, each in enumerate(company, start=1)],
        "cases": cases,
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
