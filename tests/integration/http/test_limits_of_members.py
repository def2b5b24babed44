"""The limits of members of a body: the largest is taken, and one more is refused by its form."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ledger.http import requests
from tests.support.actor import Actor
from tests.support.unused_names import unused

Change = Callable[[dict[str, Any], int], None]


def completion(actor: Actor) -> dict[str, Any]:
    begun = actor.client.post("/api/credentials", json={"name": actor.name, "role": "investor"})
    actor.user, actor.ledger = begun.json()["user"], begun.json()["ledger"]
    return actor.completion(begun.json())


def transports(body: dict[str, Any], count: int) -> None:
    body["registration"]["response"]["transports"] = [f"t{each}" for each in range(count)]


def transport(body: dict[str, Any], length: int) -> None:
    body["registration"]["response"]["transports"] = ["t" * length]


def jwk_members(body: dict[str, Any], count: int) -> None:
    jwk = body["key"]["jwk"]
    jwk |= {f"x{each}": "x" for each in range(count - len(jwk))}


def act(body: dict[str, Any], length: int) -> None:
    body["key"]["possession"] = ".." + "A" * (length - 2)


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (transports, 8),
        (transport, 32),
        (jwk_members, 16),
        (act, requests.MAX_ACT_CHARS),
    ],
)
def test_a_member_of_a_registration_is_bounded(
    change: Change, most: int, stranger: httpx.Client, subtests: pytest.Subtests
) -> None:
    for size, is_refused in ((most, False), (most + 1, True)):
        with subtests.test(size=size):
            body = completion(Actor(stranger, unused("Nora"), str(stranger.base_url)))
            change(body, size)
            answer = stranger.post("/api/register/complete", json=body)
            found = answer.status_code == 400 and answer.json()["code"] == "request_invalid"
            assert found == is_refused, answer.text


def test_the_kid_of_an_invitation_is_bounded(
    stranger: httpx.Client, subtests: pytest.Subtests
) -> None:
    for size, is_refused in ((256, False), (257, True)):
        with subtests.test(size=size):
            body = {"name": unused("Nora"), "invitation": "k" * size}
            answer = stranger.post("/api/credentials", json=body)
            assert (answer.json().get("code") == "request_invalid") == is_refused, answer.text
