"""Write cases.json: `python -m tests.vectors.uses.make`.

It has logs with uses, and the code with which an auditor refuses the last event, null where it
accepts it, as in `tests.vectors.changes.make`.
"""

import json
from pathlib import Path

from tests.vectors.changes.make import shown_event
from tests.vectors.uses.documents import DOCUMENTS
from tests.vectors.uses.tries import TRIES, Executors

PATH = Path(__file__).with_name("cases.json")


def text() -> str:
    """Return the text of cases.json."""
    story, cases = Executors().events, []
    for name, (tries, code) in (TRIES | DOCUMENTS).items():
        told = Executors()
        tries(told)
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(story) :], "code": code})
    first = [shown_event(at, each) for at, each in enumerate(story, start=1)]
    return json.dumps({"story": first, "cases": cases}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
