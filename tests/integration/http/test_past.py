"""The past: every read at every earlier position, and how a reader sees what was just written."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest

from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, policy_of
from tests.support.check import head, wait_for
from tests.support.server import Server
from tests.support.tale import Tale

READS = ["/api/users", "/api/statements", "/api/inbox", "/api/timeline", "/.well-known/jwks.json"]


def test_every_read_at_a_position_shows_what_it_showed_then(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_REGISTRATION="invite")
    with ExitStack() as clients:
        tale = Tale(server, clients)
        shown = {}
        for position in tale.tell():
            paths = tale.paths()
            shown[position] = tale.read(paths)
        assert len(shown) > 15
        for position, then in shown.items():
            assert tale.read([*then], at=position) == then


def test_nothing_is_there_at_position_0(bob: Actor, alice: Actor, server: Server) -> None:
    drafted = alice.draft(policy=policy_of(1, bob))
    wait_for(server, head(server))
    for path in READS:
        answer = bob.client.get(path, params={"at": 0}).json()
        assert answer in ({"items": [], "next": None, "position": 0}, {"keys": []})
    for path in (
        f"/api/users/{bob.passkey.id}",
        f"/api/jwt-keys/{bob.key.kid}",
        f"/api/statements/{drafted.id}",
        f"/api/statements/{drafted.id}/document",
        f"/api/statements/{drafted.id}/jws",
    ):
        assert bob.client.get(path, params={"at": 0}).status_code == 404


def test_a_time_means_the_last_event_that_is_not_later(
    alice: Actor, bob: Actor, server: Server
) -> None:
    for _ in range(3):
        alice.approve(alice.draft(policy=policy_of(2, alice, bob)))
    wait_for(server, head(server))
    told = alice.client.get("/api/timeline", params={"limit": 200}).json()["items"]
    times = {item["position"]: item["at"] for item in told}
    for position, at in times.items():
        shown = alice.client.get("/api/timeline", params={"at": at}).json()["position"]
        assert times[shown] <= at < times.get(shown + 1, "9"), position
    last = told[0]
    for written in (last["at"], last["at"].replace("Z", "+00:00"), last["at"].replace("Z", "999Z")):
        shown = alice.client.get("/api/statements", params={"at": written}).json()
        assert shown["position"] == last["position"], written


def test_before_the_first_event_nothing_was_there(alice: Actor) -> None:
    answer = alice.client.get("/api/timeline", params={"at": "2001-01-01T00:00Z"}).json()
    assert answer == {"items": [], "next": None, "position": 0}


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2999-01-01T00:00:00Z", "position_future"),
        ("2026-13-01T00:00:00Z", "time_invalid"),
        ("2026-11-21T03:04:05", "request_invalid"),
        ("yesterday", "request_invalid"),
        ("-1", "request_invalid"),
        ("", "request_invalid"),
    ],
)
def test_another_time_is_refused(alice: Actor, refuses: Refuses, at: str, code: str) -> None:
    refuses(lambda: alice.client.get("/api/timeline", params={"at": at}), 400, code)


@pytest.mark.parametrize("path", READS)
def test_the_future_is_not_shown(path: str, server: Server, bob: Actor, refuses: Refuses) -> None:
    wait_for(server, head(server))
    beyond = {"at": head(server) + 1}
    refuses(lambda: bob.client.get(path, params=beyond), 400, "position_future")


def test_a_reader_who_names_the_position_reads_what_was_just_written(
    alice: Actor, bob: Actor
) -> None:
    for _ in range(20):
        drafted = alice.draft(policy=policy_of(1, bob))
        answer = bob.client.get(
            f"/api/statements/{drafted.id}", params={"minPosition": drafted.answer["position"]}
        )
        assert answer.status_code == 200
        approved = bob.approve(drafted).json()
        answer = bob.client.get(
            f"/api/statements/{drafted.id}", params={"minPosition": approved["position"]}
        )
        assert answer.json()["status"] == "approved"


def test_a_position_that_does_not_come_is_waited_for_two_seconds(
    server: Server, stranger: httpx.Client, refuses: Refuses
) -> None:
    beyond = {"minPosition": head(server) + 1_000_000}
    began = time.monotonic()
    refuses(lambda: stranger.get("/.well-known/jwks.json", params=beyond), 503, "not_yet")
    assert 1.9 < time.monotonic() - began < 10


def test_an_etag_changes_with_everything_that_the_answer_shows(
    server: Server, alice: Actor, join: Join
) -> None:
    dora = join("Dora")
    first = alice.draft(policy={"threshold": 2, "of": [f"user:{dora.user}", "role:investor"]})
    path = f"/api/statements/{first.id}"

    def etag() -> str:
        wait_for(server, head(server))
        return str(alice.client.get(path).headers["etag"])

    seen = [etag()]
    for change in (
        lambda: dora.approve(first),
        lambda: join("One more who is waited for"),
        lambda: alice.draft(policy=policy_of(1, dora), supersedes=first.copied()),
        lambda: dora.revoke_key(dora.key.kid),
    ):
        change()
        seen.append(etag())
    assert len(set(seen)) == 5
    # Nothing that this answer shows: the same tag, and nothing sent again.
    alice.draft(policy=policy_of(1, alice))
    assert etag() == seen[-1]
    for known in (seen[-1], f'"other", {seen[-1]}', f"W/{seen[-1]}"):
        answer = alice.client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == seen[-1]
    assert alice.client.get(path, headers={"If-None-Match": seen[0]}).status_code == 200
