"""The running follower: woken, polling, waiting, failing, and what its listeners hear."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import CorruptError, UnavailableError
from projections.follower import Follower, Views
from tests.support.random_story import Upto, random_story
from tests.support.refusals import refused
from tests.support.story import Story

SECONDS = 10.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "views.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Views]:
    opened = Views(path)
    yield opened
    opened.close()


class Running:
    """A follower in its thread, over a log that grows."""

    def __init__(self, path: Path, story: Story, **options: Any) -> None:
        self.views = Views(path)
        self.follower = Follower(self.views, story, **options)

    def __enter__(self) -> Follower:
        self.follower.start()
        return self.follower

    def __exit__(self, *_: object) -> None:
        self.follower.stop()
        self.views.close()


def test_a_woken_follower_shows_what_was_appended(path: Path) -> None:
    story = Story()
    with Running(path, story, changed=lambda: False) as follower:
        assert follower.wait_for(1, SECONDS)
        story.person("Alice", "administrator")
        position = story.invite("auditor")
        follower.wake()
        assert follower.wait_for(position, SECONDS)
        assert (follower.position, follower.failure) == (position, None)


def test_without_being_woken_it_finds_what_other_processes_appended(path: Path) -> None:
    story = Story()
    with Running(path, story, poll_s=0.01) as follower:
        assert follower.wait_for(1, SECONDS)
        story.person("Alice", "creator")
        assert follower.wait_for(4, SECONDS)


def test_waiting_for_a_position_that_does_not_come_ends(path: Path) -> None:
    with Running(path, Story()) as follower:
        assert not follower.wait_for(2, 0.05)


def test_listeners_hear_each_new_position_until_they_leave(path: Path) -> None:
    story = Story()
    heard: list[int] = []
    reached = threading.Event()

    def listen(position: int) -> None:
        heard.append(position)
        if position >= 4:
            reached.set()

    with Running(path, story, poll_s=0.01) as follower:
        assert follower.wait_for(1, SECONDS)
        with follower.listening(listen):
            story.person("Alice", "creator")
            assert reached.wait(SECONDS)
        story.person("Bob", "investor")
        assert follower.wait_for(7, SECONDS)
    assert heard == sorted(set(heard))
    assert heard[-1] == 4


def test_a_listener_that_fails_does_not_stop_the_views(path: Path) -> None:
    story = Story()

    def fail(_: int) -> None:
        raise RuntimeError("the loop is closed")

    with Running(path, story, poll_s=0.01) as follower, follower.listening(fail):
        story.person("Alice", "creator")
        assert follower.wait_for(4, SECONDS)
        assert follower.failure is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (b"", "event_malformed"),
        (b"\0\x02{}" + bytes(32), "event_malformed"),
        (b"\xff\xff", "event_malformed"),
    ],
)
def test_an_event_that_cannot_be_read_stops_the_follower_and_it_says_so(
    path: Path, state: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    story.person("Alice", "creator")
    with Running(path, story, poll_s=0.01) as follower:
        assert follower.wait_for(4, SECONDS)
        story.states.append(state)
        story.person("Bob", "investor")
        assert not follower.wait_for(5, SECONDS)
        assert follower.failure is not None
        assert reason in follower.failure
        assert follower.position == 4
        assert follower.failure.startswith("after position 4: ")
        assert follower.failure.endswith(" (stopped)")
    assert "the follower stopped" in caplog.text


def test_a_log_that_is_away_for_a_while_is_asked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.follower.FIRST_RETRY_S", 0.01)
    story = Story()
    away = threading.Event()
    away.set()
    read = story.read

    def flaky(after: int, limit: int) -> list[tuple[int, bytes]]:
        if away.is_set():
            raise UnavailableError("storage_failed", "no database")
        return read(after, limit)

    monkeypatch.setattr(story, "read", flaky)
    with Running(path, story) as follower:
        assert not follower.wait_for(1, SECONDS)
        assert follower.failure is not None
        away.clear()
        deadline = time.monotonic() + SECONDS
        while follower.position < 1 and time.monotonic() < deadline:
            follower.wait_for(1, 0.01)
        assert follower.position == 1
        assert follower.failure is None


def test_a_view_that_is_being_rebuilt_shows_nothing_until_it_is_complete(path: Path) -> None:
    story = random_story(50, seed=19)
    opened = Views(path)
    follower = Follower(opened, story)
    monitor: list[int] = []

    class Slow:
        def head(self) -> int:
            return story.head()

        def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
            monitor.append(follower.position)
            return story.read(after, 10)

        def events_at(self, positions: Sequence[int]) -> list[Any]:
            return story.events_at(positions)

    follower = Follower(opened, Slow())
    assert follower.position == 0
    follower.catch_up()
    opened.close()
    assert set(monitor) == {0}


def test_a_gap_in_the_log_stops_the_follower(opened: Views) -> None:
    story = random_story(30, seed=18)
    log = Upto(story, 30)
    log.read = lambda after, limit: story.read(after + 1, limit)  # type: ignore[method-assign]  # a log that lies
    with refused(CorruptError, "position_missing"):
        Follower(opened, log).catch_up()


def test_views_that_are_far_behind_are_not_said_to_be_current_until_they_reached_the_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = random_story(120, seed=21)
    opened = Views(path)
    before = Follower(opened, Upto(story, 40))
    assert not before.has_caught_up
    before.catch_up()
    assert (before.has_caught_up, before.position) == (True, 40)
    monkeypatch.setattr("projections.follower.MOST_BATCHES", 1)
    seen: list[tuple[int, bool]] = []

    class Slow(Upto):
        def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
            seen.append((follower.position, follower.has_caught_up))
            return super().read(after, min(limit, 10))

    follower = Follower(opened, Slow(story, story.head()))
    follower._limit = 10  # so that a batch of ten is a full one
    monkeypatch.setattr("projections.follower.MOST_EVENTS", 10)
    follower.catch_up()
    assert (follower.has_caught_up, follower.goal) == (True, story.head())
    assert [position for position, current in seen if current] in ([], [story.head()])
    assert len({position for position, _ in seen}) > 3
    opened.close()
