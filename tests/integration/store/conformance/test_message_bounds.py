"""What is forgotten of messages, what is not, and what is folded, on every engine."""

from msgspec.structs import replace

from ledger.store.ports.messages import MessageStore
from tests.integration.store.conformance.test_messages import (
    DAY_MS,
    FIRST,
    due,
    finish,
    message,
    messages,
)

__all__ = ["messages"]


def test_finished_messages_are_forgotten_and_waiting_ones_never(messages: MessageStore) -> None:
    messages.advance(None, FIRST, [message(f"m{n}", subject=f"{n}") for n in range(4)])
    first, second, *_ = messages.due("hook", 0, limit=4)
    finish(messages, first.number)
    messages.prune(now_ms=30 * DAY_MS)
    assert len(messages.sent_to("hook", before=None, limit=10)) == 4
    messages.prune(now_ms=30 * DAY_MS + 1)
    assert due(messages) == ["m1", "m2", "m3"]
    finish(messages, second.number)
    messages.prune(now_ms=0, most=1)
    assert [each.message.id for each in messages.sent_to("hook", before=None, limit=10)] == [
        "m3",
        "m2",
    ]


def test_what_is_about_an_erased_stream_is_forgotten_in_every_state(messages: MessageStore) -> None:
    later = replace(message("later", subject="s"), position=9)
    kept = [message("m1"), message("m2"), message("m3", subject="t"), message("m4", to="other")]
    messages.advance(None, FIRST, [*kept, later])
    finish(messages, messages.due("hook", 0, limit=1)[0].number)
    messages.forget("s", before=9)
    left = [each.message.id for each in messages.sent_to("hook", before=None, limit=10)]
    assert left == ["later", "m3"]
    assert messages.sent_to("other", before=None, limit=10) == []


def test_many_that_wait_become_one_in_their_place(messages: MessageStore) -> None:
    messages.advance(None, FIRST, [message(f"m{n}", subject=f"{n}") for n in range(4)])
    assert messages.crowded("webhook", 3) == ["hook"]
    assert messages.crowded("webhook", 4) == []
    assert messages.crowded("mail", 0) == []
    first, second, third, _ = messages.waiting("hook", limit=10)
    finish(messages, first.number)
    messages.fold([first.number, second.number, third.number], message("all", subject="all"))
    messages.fold([first.number, second.number, third.number], message("all", subject="all"))
    found = [
        (each.message.id, each.state) for each in messages.sent_to("hook", before=None, limit=9)
    ]
    assert found == [("all", "waiting"), ("m3", "waiting"), ("m0", "delivered")]


def test_what_is_put_off_is_due_later_and_was_not_tried(messages: MessageStore) -> None:
    messages.advance(None, FIRST, [message("m1"), message("m2", subject="t")])
    first, second = messages.waiting("hook", limit=2)
    finish(messages, second.number)
    messages.put_off([first.number, second.number], 70)
    assert due(messages, 69) == []
    (kept,) = messages.due("hook", 70, limit=9)
    assert (kept.message.id, kept.tries) == ("m1", 0)


def test_the_times_of_letters_are_known_each_once(messages: MessageStore) -> None:
    letters = [replace(message(f"m{n}", to="p", subject=f"{n}"), channel="mail") for n in range(4)]
    messages.advance(None, FIRST, letters)
    for each, at_ms in zip(messages.waiting("p", limit=3), (50, 50, 70), strict=True):
        finish(messages, each.number, at_ms)
    assert messages.letters_since("p", 50) == [50, 70]
    assert messages.letters_since("p", 51) == [70]
    assert messages.letters_since("q", 0) == []
