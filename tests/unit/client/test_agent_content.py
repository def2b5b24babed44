"""An agent's content is signed as it was proposed, or refused."""

import math
from typing import Any

import pytest

from ledger.client.agent_tools import _content
from ledger.errors import MalformedError


def test_content_is_the_text_of_the_values() -> None:
    assert _content({"n": 1.5, "z": -0.0, "é": [None, True, 2**53]}) == (
        '{"n":1.5,"z":-0.0,"é":[null,true,9007199254740992]}'
    )


def nested() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(100_000):
        found = {"a": found}
    return found


@pytest.mark.parametrize(
    "told",
    [
        {"n": math.nan},
        {"n": [math.inf]},
        {"n": {"m": -math.inf}},
        {"n": "\ud800"},
        {"n": {1}},
        {"n": {1: "a"}},
        {"n": [{True: "a"}]},
        {"n": {None: "a"}},
        {"n": {1.5: "a"}},
        {"n": (1, 2)},
    ],
)
def test_what_json_does_not_have_is_refused_and_not_replaced(told: dict[str, Any]) -> None:
    """Encoders write null for such numbers, and text for such names."""
    with pytest.raises(MalformedError, match="json_invalid"):
        _content(told)


def test_two_names_that_are_one_in_json_are_refused() -> None:
    told: dict[Any, Any] = {"n": {1: "a", "1": "b"}}
    with pytest.raises(MalformedError, match="json_duplicate_member"):
        _content(told)


def test_content_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(MalformedError, match="json_invalid"):
        _content(nested())
