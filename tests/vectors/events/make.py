"""Write explained.json: `python -m tests.vectors.events.make`.

What each tag declares, and what that leads to for its first and last event in tests/golden. The
offline page reads the same file, so that Python and JavaScript derive the same.
"""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from ledger.domain import events
from ledger.domain.events import BODIES, Event, kid_of, signature_of
from tests.golden.make import events_of_every_type

PATH = Path(__file__).with_name("explained.json")


def explained() -> dict[str, Any]:
    """Return the declaration and the examples of each tag, with fields as JSON names them."""
    told = events_of_every_type()
    by_tag = {tag: [each for each in told if tag == each.body.TAG] for tag in BODIES}
    return {tag: _declared(found) for tag, found in by_tag.items()}


def _declared(found: list[Event]) -> dict[str, Any]:
    body = found[0].body
    meaning = body.MEANING
    names = {field.name: field.encode_name for field in msgspec.structs.fields(body)}
    names["key_material"] = "keyMaterial"
    names["act_sha256"] = "actSha256"
    ends = found[:1] if len(found) == 1 else [found[0], found[-1]]
    return {
        "stream": meaning.stream,
        "actor": meaning.actor,
        "evidence": meaning.evidence,
        "dependsOn": meaning.depends_on,
        "claims": [_as_json(claim, names) for claim in meaning.claims],
        "words": {
            "trail": _as_json(meaning.words.trail, names),
            "timeline": meaning.words.timeline,
            "about": names.get(meaning.words.about or "", meaning.words.about),
            "detail": meaning.words.detail,
        },
        "examples": [_example(each) for each in ends],
    }


def _as_json(template: str, names: dict[str, str]) -> str:
    """Return a template with the members as JSON names them."""
    return re.sub(r"{(\w+)}", lambda found: f"{{{names.get(found[1], found[1])}}}", template)


def _example(event: Event) -> dict[str, Any]:
    return {
        "stream": str(event.stream),
        "body": msgspec.to_builtins(event.body),
        "actor": events.actor(event),
        "signature": signature_of(event.body),
        "kid": kid_of(event.body),
        "claims": events.claims(event),
    }


def text() -> str:
    """Return the file's text."""
    return json.dumps(explained(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
