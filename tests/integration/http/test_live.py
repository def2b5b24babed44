"""Live positions: told at once, resumed where they were left, ended when the server goes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.support.actor import Actor, policy_of
from tests.support.check import head, wait_for
from tests.support.server import Server

Positions = Iterator[int]


@contextmanager
def listening(actor: Actor, last_event_id: str | None = None) -> Iterator[Positions]:
    """Open the stream, and yield its positions; each event has to be whole and in order."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with actor.client.stream("GET", "/api/stream", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield _positions(answer)


def _positions(answer: httpx.Response) -> Positions:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif set(fields) == {"id", "event", "data"}:
            assert fields["event"] == "position"
            assert fields["data"] == f'{{"position":{fields["id"]}}}'
            yield int(fields["id"])
            fields = {}
        else:
            assert set(fields) <= {"retry"}, fields
            fields = {}


def caught_up(server: Server) -> int:
    position = head(server)
    wait_for(server, position)
    return position


def until(positions: Positions, wanted: int) -> None:
    """Read until a position arrives; those on the way may be left out, but never go back."""
    last = 0
    for position in positions:
        assert position > last
        last = position
        if position == wanted:
            return
    raise AssertionError("the stream ended")


def test_a_listener_is_told_the_position_of_the_ledger_and_each_change_of_it(
    server: Server, alice: Actor, bob: Actor
) -> None:
    now = caught_up(server)
    with listening(bob) as positions:
        assert next(positions) == now
        for _ in range(5):
            drafted = alice.draft(policy=policy_of(1, alice))
            until(positions, drafted.answer["position"])


def test_many_listen_at_once(server: Server, alice: Actor, bob: Actor) -> None:
    with ExitStack() as stack:
        others = []
        for who in [alice, bob] * 8:
            client = stack.enter_context(server.client())
            client.cookies.update(who.client.cookies)
            others.append(Actor(client, who.name, server.origin))
        streams = [stack.enter_context(listening(each)) for each in others]
        drafted = alice.draft(policy=policy_of(1, alice))
        for positions in streams:
            until(positions, drafted.answer["position"])


def test_who_comes_back_is_told_what_was_missed_and_nothing_that_was_seen(
    server: Server, alice: Actor, bob: Actor
) -> None:
    seen = caught_up(server)
    missed = alice.draft(policy=policy_of(1, alice)).answer["position"]
    wait_for(server, missed)
    with listening(bob, str(seen)) as positions:
        assert next(positions) == missed
    with listening(bob, str(missed)) as positions:
        later = alice.draft(policy=policy_of(1, alice)).answer["position"]
        assert next(positions) == later


@pytest.mark.parametrize("last_event_id", ["", "x", "-1", "1.5", "0"])
def test_an_unknown_last_event_id_is_as_none(
    last_event_id: str, server: Server, bob: Actor
) -> None:
    now = caught_up(server)
    with listening(bob, last_event_id) as positions:
        assert next(positions) == now


def test_a_last_event_id_of_the_future_does_not_silence_the_stream(
    server: Server, alice: Actor, bob: Actor
) -> None:
    caught_up(server)
    with listening(bob, "9" * 19) as positions:
        drafted = alice.draft(policy=policy_of(1, alice))
        assert next(positions) == drafted.answer["position"]


def test_a_stream_ends_when_the_server_is_asked_to_end(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with server.client() as client:
        dora = Actor(client, "Dora", server.origin).register()
        with listening(dora) as positions:
            assert next(positions) == caught_up(server)
            server.terminate()
            assert [*positions] == []
    # Or uvicorn would have cancelled it, and said so.
    assert "ERROR" not in server.output
    server.start()
