"""A token of SoftHSM, and a real ssh-agent."""

from collections.abc import Iterator

import pytest

from tests.support.softhsm import SoftHsm, new_softhsm
from tests.support.ssh_agent import Agent, running_agent


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    return new_softhsm(tmp_path_factory.mktemp("hsm"))


@pytest.fixture
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    # A Unix socket's path has at most 107 bytes.
    with running_agent(tmp_path_factory.mktemp("agent")) as running:
        yield running
