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
