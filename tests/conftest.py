"""What every test shares."""

import os

import pytest
from hypothesis import settings

# An assertion that fails in there tells as much as one in a test.
pytest.register_assert_rewrite("tests.support", "tests.integration.conftest")

# A machine that others use too takes a second for a millisecond's work now and then.
# In CI, property tests draw the same examples each time: its verdict is about the commit alone.
IN_CI = "CI" in os.environ
settings.register_profile(
    "ledger", deadline=None, derandomize=IN_CI, max_examples=50 if IN_CI else 100
)
settings.load_profile("ledger")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests about files of SQLite where the suite runs on another engine."""
    about_files = [each for each in items if each.get_closest_marker("sqlite")]
    for each in about_files:
        mark = each.get_closest_marker("sqlite")
        assert mark is not None
        assert mark.args, f"{each.nodeid}: say in the mark what of a file it is about"
    if os.environ.get("TESTS_DATABASE", "sqlite") == "sqlite":
        return
    config.hook.pytest_deselected(items=about_files)
    items[:] = [each for each in items if not each.get_closest_marker("sqlite")]
