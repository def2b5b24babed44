"""Every status is drawn: a word, a colour and a shape."""

import re
from pathlib import Path
from typing import get_args

from ledger.domain.vocabulary import Status

PARTS = (Path(__file__).parents[3] / "web/templates/parts.html").read_text()


def test_every_status_has_its_icon() -> None:
    drawn = set(re.findall(r'<symbol id="i-(\w+)"', PARTS))
    assert set(get_args(Status)) - drawn == set()
