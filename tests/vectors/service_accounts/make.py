"""Write cases.json: `python -m tests.vectors.service_accounts.make`.

It has logs with service accounts, and the code with which an auditor refuses the last event, null
where it accepts it, as in `tests.vectors.changes.make`.
"""

import json
from pathlib import Path

from tests.vectors.changes.make import shown_event
from tests.vectors.service_accounts.signing import SIGNING
from tests.vectors.service_accounts.tries import TRIES, Automated

PATH = Path(__file__).with_name("cases.json")


def text() -> str:
    """Return the text of cases.json."""
    story, cases = Automated().events, []
    for name, (tries, code) in (TRIES | SIGNING).items():
        told = Automated()
        tries(told)
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(story) :], "code": code})
    first = [shown_event(at, each) for at, each in enumerate(story, start=1)]
    return json.dumps({"story": first, "cases": cases}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
