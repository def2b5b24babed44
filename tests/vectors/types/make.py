"""Write cases.json: `python -m tests.vectors.types.make`.

It has logs with types, and the code with which an auditor refuses the last event, null where it
accepts it, as in `tests.vectors.changes.make`.
"""

import json
from pathlib import Path

from tests.vectors.changes.company import Company
from tests.vectors.changes.make import shown_event
from tests.vectors.types.definitions import DEFINITIONS
from tests.vectors.types.freshness import FRESHNESS
from tests.vectors.types.superseding import SUPERSEDING
from tests.vectors.types.tries import TRIES

PATH = Path(__file__).with_name("cases.json")


def text() -> str:
    """Return the text of cases.json."""
    company = Company().events
    cases = []
    for name, (tries, code) in (TRIES | SUPERSEDING | DEFINITIONS | FRESHNESS).items():
        told = Company()
        tries(told)
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(company) :], "code": code})
    first = [shown_event(at, each) for at, each in enumerate(company, start=1)]
    return json.dumps({"story": first, "cases": cases}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
