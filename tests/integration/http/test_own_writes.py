"""Who writes and then reads finds what they wrote, without asking for a position."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import clock
from ledger.errors import UnavailableError
from ledger.http.read_models import HEAD_WAIT_S, ReadModels
from projections.follower import Follower, Views
from tests.integration.conftest import Join
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.logs import opened, settings_of
from tests.support.refusals import refused

TRIES = 15
HOUR_MS = 3_600_000


def test_a_statement_is_there_right_after_its_draft(alice: Actor, bob: Actor) -> None:
    soon = clock.to_text(now_ms() + HOUR_MS)  # first in an inbox
    for number in range(TRIES):
        title = f"Own write {number}"
        drafted = alice.draft(title=title, policy=policy_of(1, bob, expiresAt=soon))
        address = f"/api/statements/{drafted.id}"
        assert alice.client.get(address).json()["status"] == "pending"
        assert alice.client.get("/api/statements?limit=1").json()["items"][0]["id"] == drafted.id
        assert bob.client.get("/api/inbox?limit=1").json()["items"][0]["id"] == drafted.id
        assert title in bob.client.get("/inbox").text
        assert title in alice.client.get(f"/statements/{drafted.id}").text
        assert bob.approve(drafted).status_code == 201
        assert bob.client.get(address).json()["status"] == "approved"
        newest = alice.client.get("/api/timeline?limit=1").json()["items"][0]
        assert newest["statementId"] == drafted.id
        assert alice.client.get(f"{address}/jws").status_code == 200
        assert alice.client.get(f"{address}/evidence").status_code == 200


def test_a_person_is_there_right_after_they_registered(join: Join, alice: Actor) -> None:
    for _ in range(5):
        newcomer = join("Somebody", "investor")
        found = alice.client.get(f"/api/users/{newcomer.passkey.id}")
        assert (found.status_code, found.json()["id"]) == (200, newcomer.user)


async def waited_s(models: ReadModels) -> float:
    began_s = time.monotonic()
    assert await models.current() is models
    return time.monotonic() - began_s


@pytest.fixture
def models(tmp_path: Path) -> Iterator[ReadModels]:
    """The read models of a founded ledger, which nobody keeps up to date."""
    with opened(settings_of(tmp_path / "data")) as ledger:
        views = Views(tmp_path / "views.sqlite")
        yield ReadModels(views, Follower(views, ledger.log), ledger.log, ledger.writer.now_ms)
        views.close()


def test_a_read_waits_a_second_at_most_for_what_was_appended(models: ReadModels) -> None:
    models.follower.catch_up()
    assert asyncio.run(waited_s(models)) < HEAD_WAIT_S / 2
    models.committed(models.follower.position + 1)
    assert HEAD_WAIT_S <= asyncio.run(waited_s(models)) < HEAD_WAIT_S + 1


def test_no_read_waits_while_the_read_models_are_rebuilt(models: ReadModels) -> None:
    models.committed(9)
    assert models.follower.position == 0
    assert asyncio.run(waited_s(models)) < HEAD_WAIT_S / 2


def test_nothing_is_read_until_the_read_models_have_reached_the_log(models: ReadModels) -> None:
    with refused(UnavailableError, "views_rebuilding"), models.views():
        pass
    models.follower.catch_up()
    with models.views() as (_, at):
        assert at == models.follower.position == models.follower.goal
