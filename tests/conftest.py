"""What every test shares."""

import pytest
from hypothesis import settings

# An assertion that fails in there tells as much as one in a test.
pytest.register_assert_rewrite("tests.support", "tests.integration.conftest")

# A machine that others use too takes a second for a millisecond's work now and then.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
