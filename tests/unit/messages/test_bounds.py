"""What waits for one receiver is bounded, and nothing is dropped unsaid."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ledger.messages import bounds
from ledger.messages.bounds import KEPT_MAIL, MOST_MAIL, bound
from ledger.messages.letters import LetterItem, LetterKind, item_of
from ledger.store.ports.messages import Message, Webhook
from ledger.store.sqlite.messages import SqliteMessages


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteMessages]:
    with closing(SqliteMessages(tmp_path / "messages.sqlite")) as found:
        yield found


def put(store: SqliteMessages, name: str, kind: LetterKind = "waiting") -> None:
    body = msgspec.json.encode(LetterItem(kind, "2026-11-29T06:00:00.000Z", name))
    store.put(Message(f"msg_{name}", "mail", "p", name, kind, 5, body, 0, 7))


def test_mail_beyond_the_bound_becomes_one_message_that_counts_it(store: SqliteMessages) -> None:
    for n in range(MOST_MAIL):
        put(store, f"{n}")
    bound(store, now_ms=9)
    assert len(store.waiting("p", limit=100)) == MOST_MAIL
    put(store, "last")
    put(store, "own key", "key")
    bound(store, now_ms=9)
    waiting = store.waiting("p", limit=100)
    *_, own, folded = waiting
    assert (own.message.kind, folded.message.kind, folded.message.due_ms) == ("key", "folded", 7)
    assert item_of(folded.message).count == MOST_MAIL + 1 - KEPT_MAIL
    assert len(waiting) == KEPT_MAIL + 2
    for n in range(MOST_MAIL):
        put(store, f"more {n}")
    bound(store, now_ms=9)
    counts = [item_of(each.message).count or 1 for each in store.waiting("p", limit=100)]
    assert sum(counts) == 2 * MOST_MAIL + 2


def test_a_persons_own_keys_are_never_folded(store: SqliteMessages) -> None:
    for n in range(MOST_MAIL + 9):
        put(store, f"{n}", "passkey")
    bound(store, now_ms=9)
    assert len(store.waiting("p", limit=100)) == MOST_MAIL + 9


def test_a_webhook_for_which_too_much_waits_is_paused_and_says_why(
    store: SqliteMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_FOR_WEBHOOK", 2)
    hook = Webhook("hook", "owner", "https://hooks.example/", bytes(32), 4, 1_000)
    assert store.add_webhook(hook, most=1)
    for n in range(3):
        kept = Message(f"m{n}", "webhook", "hook", "s", "statement.drafted", 5, b"{}", 0, 0)
        store.put(kept)
    bound(store, now_ms=9)
    (found,) = store.webhooks()
    assert "more than 2 messages waited" in found.paused
    states = {each.state for each in store.sent_to("hook", before=None, limit=9)}
    assert states == {"given_up"}
