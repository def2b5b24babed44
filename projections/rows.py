"""Pass a list to SQL as one parameter."""

import json
from collections.abc import Iterable


def json_list(values: Iterable[int | str]) -> str:
    """Return values for `IN (SELECT value FROM json_each(?))`, one statement for any number."""
    return json.dumps([*values])
