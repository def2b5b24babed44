"""Messages, on every engine: kept once, in order, for one sender at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.store.ports.messages import (
    Mailbox,
    Message,
    MessageStore,
    OutboxPlace,
    SendAttempt,
    Webhook,
)
from tests.support.engines import Engine

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FIRST, SECOND = OutboxPlace(4, b"a" * 32, 10), OutboxPlace(9, b"b" * 32, 20)
HOOK = Webhook("hook", "owner", "https://hooks.example/", b"\x01" * 32, 4, 1_000)


@pytest.fixture
def messages(engine: Engine, data: Path) -> Iterator[MessageStore]:
    data.mkdir()
    with closing(engine.open_messages(data)) as opened:
        yield opened


def message(name: str, *, subject: str = "s", to: str = "hook", due_ms: int = 0) -> Message:
    return Message(name, "webhook", to, subject, "statement.drafted", 5, b"{}", 0, due_ms)


def due(messages: MessageStore, now_ms: int = 0) -> list[str]:
    return [each.message.id for each in messages.due("hook", now_ms, limit=10)]


def finish(messages: MessageStore, number: int, at_ms: int = 0) -> None:
    messages.attempted([SendAttempt(number, "delivered", at_ms, None, "HTTP 200")])


def test_messages_and_the_cursor_move_together_and_once(messages: MessageStore) -> None:
    assert messages.cursor() is None
    assert messages.advance(None, FIRST, [message("m1")])
    assert not messages.advance(None, SECOND, [message("m2")])  # another process was first
    assert messages.cursor() == FIRST
    assert not messages.advance(SECOND, FIRST, [message("m2")])
    assert due(messages) == ["m1"]
    assert messages.advance(FIRST, SECOND, [message("m1"), message("m2", subject="t")])
    assert messages.cursor() == SECOND
    assert due(messages) == ["m1", "m2"]


def test_of_each_subject_the_first_that_waits_is_due(messages: MessageStore) -> None:
    kept = [message("m1"), message("m2"), message("m3", subject="t"), message("m4", to="other")]
    messages.advance(None, FIRST, kept)
    (first, other) = messages.due("hook", 0, limit=10)
    assert (first.message.id, other.message.id) == ("m1", "m3")
    assert first.message == kept[0]
    messages.attempted([SendAttempt(first.number, "waiting", 1, 50, "HTTP 500")])
    assert due(messages, 49) == ["m3"]  # m2 waits for m1
    assert due(messages, 50) == ["m1", "m3"]
    messages.attempted([SendAttempt(first.number, "given_up", 51, None, "HTTP 500")])
    assert due(messages, 51) == ["m2", "m3"]
    (last,) = messages.sent_to("hook", before=first.number + 1, limit=1)
    assert (last.state, last.tries, last.tried_ms, last.said) == ("given_up", 2, 51, "HTTP 500")


def test_the_next_time_to_send_is_known(messages: MessageStore) -> None:
    assert messages.next_due_ms() is None
    messages.advance(None, FIRST, [message("m1", due_ms=70), message("m2", due_ms=10)])
    assert messages.next_due_ms() == 70
    assert due(messages, 69) == []


def test_a_message_is_sent_once_more(messages: MessageStore) -> None:
    messages.put(message("m1"))
    (kept,) = messages.due("hook", 0, limit=1)
    finish(messages, kept.number)
    assert due(messages) == []
    assert not messages.again("other", kept.number, now_ms=5)
    assert not messages.again("hook", kept.number + 1, now_ms=5)
    assert messages.again("hook", kept.number, now_ms=5)
    assert due(messages, 5) == ["m1"]


def test_messages_to_a_receiver_are_listed_newest_first(messages: MessageStore) -> None:
    messages.advance(None, FIRST, [message(f"m{n}") for n in range(5)])
    newest = messages.sent_to("hook", before=None, limit=2)
    assert [each.message.id for each in newest] == ["m4", "m3"]
    older = messages.sent_to("hook", before=newest[-1].number, limit=10)
    assert [each.message.id for each in older] == ["m2", "m1", "m0"]
    assert messages.sent_to("other", before=None, limit=10) == []


def test_webhooks_are_kept_up_to_a_number(messages: MessageStore) -> None:
    assert messages.add_webhook(HOOK, most=1)
    other = Webhook("other", "owner", "https://hooks.example/", b"\x02" * 32, 4, 2_000)
    assert not messages.add_webhook(other, most=1)
    assert messages.add_webhook(other, most=2)
    assert messages.webhooks() == [HOOK, other]
    messages.put(message("m1"))
    assert messages.remove_webhook("hook")
    assert not messages.remove_webhook("hook")
    assert messages.webhooks() == [other]
    assert due(messages) == []


def test_a_paused_webhook_gives_up_what_waits_and_is_resumed(messages: MessageStore) -> None:
    messages.add_webhook(HOOK, most=1)
    messages.put(message("m1"))
    messages.note_webhook("hook", paused="", failing_ms=7)
    assert messages.webhooks()[0].failing_ms == 7
    assert due(messages) == ["m1"]
    messages.note_webhook("hook", paused="gone", failing_ms=7)
    assert due(messages) == []
    (given_up,) = messages.sent_to("hook", before=None, limit=10)
    assert (given_up.state, given_up.said) == ("given_up", "gone")
    assert messages.resume_webhook("hook", since=12)
    assert not messages.resume_webhook("other", since=12)
    (resumed,) = messages.webhooks()
    assert (resumed.paused, resumed.failing_ms, resumed.since) == ("", None, 12)


def test_one_at_a_time_has_the_lease(engine: Engine, data: Path, messages: MessageStore) -> None:
    with closing(engine.open_messages(data)) as other:
        assert messages.lease("one")
        assert messages.lease("one")
        assert not other.lease("two")
        messages.release("one")
        assert other.lease("two")
        assert not messages.lease("one")


def test_what_was_kept_is_there_after_a_start(
    engine: Engine, data: Path, messages: MessageStore
) -> None:
    messages.advance(None, FIRST, [message("m1")])
    with closing(engine.open_messages(data)) as again:
        assert again.cursor() == FIRST
        assert due(again) == ["m1"]


def box(person: str = "bob", **members: Any) -> Mailbox:
    usual = Mailbox(person, "", None, "b@example.com", b"c" * 32, 9, 2, 0, b"l" * 16)
    return replace(usual, **members)


def test_a_code_changes_only_what_is_pending(messages: MessageStore) -> None:
    assert messages.mailbox("bob") is None
    messages.keep_code(box())
    other = box("cal", zone="Europe/Berlin", times="daily", quiet_from=1, quiet_to=2)
    messages.keep_code(other)
    assert messages.mailboxes() == [box(), other]
    later: dict[str, Any] = {"pending": "c@example.com", "code_sha256": b"d" * 32, "code_tries": 5}
    messages.keep_code(box("cal", leave=b"m" * 16, since=9, **later))
    assert messages.mailbox("cal") == replace(other, **later)


def test_the_pending_address_is_verified_with_its_own_code_only(messages: MessageStore) -> None:
    messages.keep_code(box())
    assert not messages.verify_mailbox("bob", b"d" * 32, at_ms=7, since=3, leave=b"n" * 16)
    assert messages.mailbox("bob") == box()
    assert messages.verify_mailbox("bob", b"c" * 32, at_ms=7, since=3, leave=b"n" * 16)
    done: dict[str, Any] = {
        "address": "b@example.com",
        "pending": "",
        "code_sha256": b"",
        "code_tries": 0,
    }
    verified = box(verified_ms=7, since=3, leave=b"n" * 16, **done)
    assert messages.mailbox("bob") == verified
    assert not messages.verify_mailbox("bob", b"", at_ms=8, since=4, leave=b"o" * 16)
    assert messages.mailbox("bob") == verified


def test_a_choice_of_times_changes_nothing_else(messages: MessageStore) -> None:
    messages.keep_code(box())
    messages.keep_code(box("cal"))
    messages.choose_times("bob", "daily", quiet=(1, 2), zone="Europe/Berlin", language="de")
    chosen = box(times="daily", quiet_from=1, quiet_to=2, zone="Europe/Berlin", language="de")
    assert messages.mailboxes() == [chosen, box("cal")]
    messages.end_mail("bob", b"x" * 16)  # the token of an earlier address
    assert messages.mailbox("bob") == chosen
    messages.end_mail("bob", b"l" * 16)
    assert messages.mailboxes() == [replace(chosen, times="security"), box("cal")]


def test_a_removed_mailbox_leaves_the_warnings_that_wait(messages: MessageStore) -> None:
    messages.keep_code(box())
    messages.put(message("hook's", to="bob"))
    for kind in ("waiting", "moved", "key", "code"):
        messages.put(replace(message(kind, to="bob"), channel="mail", kind=kind))
    (sent,) = [each for each in messages.mail_due(0, limit=10) if each.message.id == "code"]
    finish(messages, sent.number)
    for _ in range(2):
        messages.remove_mailbox("bob", keep=("moved", "key", "code"))
        assert messages.mailbox("bob") is None
        assert [each.message.id for each in messages.mail_due(0, limit=10)] == ["moved", "key"]
        assert len(messages.sent_to("bob", before=None, limit=10)) == 3


def test_codes_of_a_day_are_counted_although_the_mailbox_is_removed(
    messages: MessageStore,
) -> None:
    messages.keep_code(box())
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda _: messages.take_code("bob", day=9, most=5), range(12))]
    assert sum(found) == 5
    messages.remove_mailbox("bob", keep=())
    messages.prune(now_ms=9 * DAY_MS + 1)
    assert not messages.take_code("bob", day=9, most=5)
    assert messages.take_code("cal", day=9, most=5)
    assert [messages.take_code("bob", day=10, most=2) for _ in range(3)] == [True, True, False]
    messages.prune(now_ms=11 * DAY_MS)
    assert messages.take_code("bob", day=10, most=1)  # forgotten: the day is over


def test_attempts_to_type_a_code_are_taken_one_by_one(messages: MessageStore) -> None:
    assert messages.take_try("bob") is None
    messages.keep_code(box())
    assert messages.take_try("bob") == box(code_tries=1)
    assert messages.take_try("bob") == box(code_tries=0)
    assert messages.take_try("bob") is None


def test_all_mail_that_is_due_is_returned_the_oldest_first(messages: MessageStore) -> None:
    kept = [replace(message(f"m{n}", due_ms=n), channel="mail") for n in range(3)]
    messages.advance(None, FIRST, [*kept, message("hook's")])
    assert [each.message.id for each in messages.mail_due(1, limit=10)] == ["m0", "m1"]
    assert [each.message.id for each in messages.mail_due(9, limit=1)] == ["m0"]


def test_a_person_has_one_feed_which_its_digest_finds(messages: MessageStore) -> None:
    assert not messages.has_feed("bob")
    for digest in (b"1" * 32, b"2" * 32):
        messages.keep_feed("bob", digest)
    messages.keep_feed("cal", b"3" * 32)
    assert messages.has_feed("bob")
    assert sorted(messages.feed_owners()) == ["bob", "cal"]
    found = [messages.person_of_feed(each * 32) for each in (b"1", b"2", b"3", b"4")]
    assert found == [None, "bob", "cal", None]
    messages.keep_feed("bob", None)
    assert messages.person_of_feed(b"2" * 32) is None
    assert not messages.has_feed("bob")
