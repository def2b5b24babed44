"""Check many small cases of one promise in one test: each is quicker than a test of its own."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def check_each(cases: Iterable[dict[str, Any]], check: Callable[[dict[str, Any]], object]) -> None:
    """Check every case, and fail with the names of all that do not hold."""
    failures, count = [], 0
    for count, case in enumerate(cases, start=1):  # noqa: B007  # counted after the loop
        try:
            check(case)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # told below
            failures.append(f"{case.get('name', case)}: {type(error).__name__}: {error}")
    assert count, "no cases"
    if failures:
        pytest.fail("\n".join([f"{len(failures)} of {count} cases:", *failures]), pytrace=False)
