"""Write cases.json: `python -m tests.vectors.losses.make`.

Each case is a log in which the ledger lost entries, and the code with which an auditor refuses the
last event, null where it accepts it. `story` are the first events of every case. Python and
JavaScript read the same file.
"""

import json
from pathlib import Path

from tests.vectors.changes.make import shown_event
from tests.vectors.losses.aftermath import Aftermath
from tests.vectors.losses.late import LATE
from tests.vectors.losses.people import KEYS, VOID
from tests.vectors.losses.statements import STATEMENTS

PATH = Path(__file__).with_name("cases.json")


def text() -> str:
    """Return the file's text."""
    story = [shown_event(at, each) for at, each in enumerate(Aftermath().events, start=1)]
    cases = []
    for name, (tries, code) in (KEYS | VOID | STATEMENTS | LATE).items():
        told = Aftermath()
        tries(told)
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(story) :], "code": code})
    return json.dumps({"story": story, "cases": cases}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
