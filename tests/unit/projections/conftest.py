"""What tests of the read models share."""

import pytest

from tests.support.story import Story


@pytest.fixture
def story() -> Story:
    """1: the ledger, 2-4: Alice, 5-7: Bob, 8-10: Carol."""
    story = Story()
    for name, role in (("Alice", "creator"), ("Bob", "investor"), ("Carol", "investor")):
        story.person(name, role)
    return story
