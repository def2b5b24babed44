"""A proof that is asked for before its checkpoint has its quorum: looked for again, ever later."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from ledger.errors import UnavailableError
from ledger.http import log


def test_who_waits_for_a_quorum_has_few_looks_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request took 58 ms of processor time, while the witnesses did not answer."""
    looks: list[object] = []
    public: Any = SimpleNamespace(
        tree=None, publisher=SimpleNamespace(size=9), quorum=SimpleNamespace(served=looks.append)
    )
    monkeypatch.setattr(log, "WAIT_S", 0.6)
    with pytest.raises(UnavailableError) as refused:
        asyncio.run(log.wait_until_published(public, 9))
    assert refused.value.code == "not_yet"
    assert 2 < len(looks) < 9
