"""What every test shares."""

import pytest

# An assertion that fails in there tells as much as one in a test.
pytest.register_assert_rewrite("tests.support", "tests.integration.conftest")
