"""Then: which error, by type and code, never by message."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ledger.errors import LedgerError


@contextmanager
def refused(kind: type[LedgerError], code: str) -> Iterator[None]:
    """Expect exactly this type, not a kind of it, with this code."""
    with pytest.raises(LedgerError) as caught:
        yield
    assert (type(caught.value), caught.value.code) == (kind, code)
