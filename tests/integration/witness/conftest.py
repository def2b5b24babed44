"""A client of the witness that a test file starts."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.server import TLS
from tests.support.witnesses import WitnessServer


@pytest.fixture
def client(server: WitnessServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, verify=TLS) as client:
        yield client
