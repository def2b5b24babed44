"""Write the golden files: `python -m tests.golden.make`.

One file a tag, with every event of that type from one small ledger. An event's stored form is for
ever: if a file here changes, old logs no longer read, and the change has to be a new tag instead.
"""

import json
from pathlib import Path

from ledger.domain import entry
from ledger.domain.events import Event
from tests.support.chronicle import Chronicle
from tests.support.every_event import every_type

DIRECTORY = Path(__file__).parent


def told() -> Chronicle:
    return every_type(end=True)


def events_of_every_type() -> list[Event]:
    return told().events


def golden_files() -> dict[str, str]:
    """Return the text of each golden file by name."""
    by_tag: dict[str, list[dict[str, object]]] = {}
    for position, state in enumerate(told().states, start=1):
        raw, salt, body = entry.split(state)
        by_tag.setdefault(json.loads(raw)["type"], []).append(
            {
                "position": position,
                "entry": raw.decode(),
                "salt": salt.hex(),
                "body": body.decode(),
                "leaf": entry.leaf_hash(state).hex(),
            }
        )
    return {
        f"{tag}.json": json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
        for tag, stored in by_tag.items()
    }


if __name__ == "__main__":
    for name, text in golden_files().items():
        (DIRECTORY / name).write_text(text, "utf-8")
