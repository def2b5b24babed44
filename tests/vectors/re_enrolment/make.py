"""Write cases.json: `python -m tests.vectors.re_enrolment.make`.

Each case is a log in which somebody is re-enrolled, and the code with which an auditor refuses the
last event, null where it accepts it. `story` are the first events of every case. Python and
JavaScript read the same file.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.vectors.changes.make import shown_event
from tests.vectors.re_enrolment.links import LINKS
from tests.vectors.re_enrolment.returning import Returning
from tests.vectors.re_enrolment.waiting import ADMISSION, WAITING

PATH = Path(__file__).with_name("cases.json")


def logs() -> Iterator[tuple[str, Returning, str | None]]:
    """Yield the name, the log and the expected code of each case."""
    for name, (tries, expected) in (LINKS | WAITING | ADMISSION).items():
        told = Returning()
        tries(told)
        yield name, told, expected


def text() -> str:
    """Return the file's text."""
    story = [shown_event(at, each) for at, each in enumerate(Returning().events, start=1)]
    cases = []
    for name, told, code in logs():
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(story) :], "code": code})
    found = {"story": story, "cases": cases}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
