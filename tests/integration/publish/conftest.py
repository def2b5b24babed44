"""Ledgers without a server, and a statement that people decided."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.settings import Settings
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.logs import Ledger, opened, settings_of


@pytest.fixture
def drafted(alice: Actor, bob: Actor) -> Drafted:
    """A statement that Bob and Alice approved."""
    statement = alice.draft(policy=policy_of(2, alice, bob))
    assert bob.approve(statement).status_code == 201
    assert alice.approve(statement).status_code == 201
    return statement


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "data")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with opened(settings) as ledger:
        yield ledger
