"""The page of several approvals reads no more documents than it can show or tell apart."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.pages.approvals import MOST_READ_BYTES, read_within


@pytest.mark.parametrize(("size", "read"), [(1, 100), (MOST_READ_BYTES // 4, 4), (1_048_576, 1)])
def test_large_documents_are_not_read_one_after_the_other(size: int, read: int) -> None:
    asked: list[int] = []

    def detail(number: int) -> Any:
        asked.append(number)
        return cast(Any, SimpleNamespace(document="x" * size))

    assert len(read_within(range(100), detail)) == read
    assert asked == [*range(read)]
