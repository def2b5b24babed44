"""Texts of others for a terminal: no control sequence runs, and no character hides."""

import json
import re
from typing import Any

import msgspec

from ledger.domain.visible import visible

_NOT_PLAIN = re.compile("[^\n -~]+")


def shown_text(text: str) -> str:
    """Return a text with `⟨U+202E⟩` for what a reader would not see or take for another letter."""
    return "".join(f"⟨{each.text}⟩" if each.is_mark else each.text for each in visible(text))


def shown_line(text: str) -> str:
    """Return the same on one line."""
    return shown_text(text.replace("\n", "\u2028").replace("\t", "\u2028"))


def print_json(value: Any, *, pretty: bool = False) -> None:
    """Print a value as JSON for programs; a terminal that gets it runs nothing either."""
    raw = msgspec.json.encode(value)
    print(shown_json(msgspec.json.format(raw) if pretty else raw))


def shown_json(raw: bytes) -> str:
    r"""Return JSON with the same values, and escapes for what controls a terminal, as `\u009b`."""
    return _NOT_PLAIN.sub(lambda found: "".join(map(_escaped, found[0])), raw.decode())


def _escaped(character: str) -> str:
    """Return a character as it is if it can be seen, else its escape: it stands in a string."""
    if character.isprintable():
        return character
    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
