"""Test vectors from standards, in tests/vectors."""

import json
from pathlib import Path
from typing import Any

_DIRECTORY = Path(__file__).parents[1] / "vectors"


def vector(name: str) -> Any:
    """Return the content of tests/vectors/<name>.json."""
    return json.loads((_DIRECTORY / f"{name}.json").read_text("utf-8"))
