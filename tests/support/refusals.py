"""Expect an error by its type and code, never by its message."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ledger.errors import LedgerError


@contextmanager
def refused(kind: type[LedgerError], code: str) -> Iterator[None]:
    """Expect exactly this error type, no subclass, with this code."""
    with pytest.raises(LedgerError) as caught:
        yield
    assert (type(caught.value), caught.value.code) == (kind, code)
