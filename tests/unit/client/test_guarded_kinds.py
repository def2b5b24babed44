"""Only what does its work when it is called can be guarded: its outcome is reported afterwards."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.client import ApprovalRules, KeptLogin, requires_approval

LOGIN = KeptLogin("https://ledger.example", "ledger", "user", "key")


def steps(number: int) -> Iterator[int]:
    yield number


async def coroutine(number: int) -> int:
    return number


async def later_steps(number: int) -> AsyncIterator[int]:
    yield number


class Callee:
    async def __call__(self, number: int) -> int:
        return number


@pytest.mark.parametrize(
    "run", [steps, coroutine, later_steps, partial(coroutine, 1), partial(steps, 1), Callee()]
)
def test_what_begins_its_work_after_the_call_cannot_be_guarded(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match="does its work when it is called"):
        requires_approval(LOGIN, tmp_path, ApprovalRules(type="t"), action="run")(run)
