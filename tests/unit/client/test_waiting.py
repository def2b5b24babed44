"""A time that is no number is over at once: nothing waits for ever by accident."""

import math
from typing import Any

import pytest

from ledger.client.async_reader import AsyncLedgerReader
from ledger.client.transport import finished
from ledger.errors import UnavailableError


class Unreachable(AsyncLedgerReader):
    """A reader of a server that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def statement(self, statement_id: str) -> Any:
        self.asked += 1
        if self.asked > 1:
            raise AssertionError("it was asked again")
        raise UnavailableError("peer_unreachable", statement_id)


@pytest.mark.parametrize("within_s", [math.nan, -1.0, 0.0])
def test_without_time_left_nobody_waits(within_s: float) -> None:
    with pytest.raises(UnavailableError):
        finished(Unreachable().wait("a", within_s=within_s))
