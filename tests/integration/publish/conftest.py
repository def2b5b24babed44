"""A statement that people decided."""

import pytest

from tests.support.actor import Actor, Drafted, policy_of


@pytest.fixture
def drafted(alice: Actor, bob: Actor) -> Drafted:
    """A statement that Bob and Alice approved."""
    statement = alice.draft(policy=policy_of(2, alice, bob))
    assert bob.approve(statement).status_code == 201
    assert alice.approve(statement).status_code == 201
    return statement
