"""A process that lost the right to send begins no attempt."""

from contextlib import closing
from pathlib import Path

from ledger.messages.sender import Sender
from ledger.store.ports.messages import Message, OutboxPlace, Webhook
from ledger.store.sqlite.messages import SqliteMessages


def test_a_step_begins_no_attempt_without_the_lease(tmp_path: Path) -> None:
    with closing(SqliteMessages(tmp_path / "messages.sqlite")) as store:
        assert store.add_webhook(Webhook("hook", "ada", "https://x.invalid/", b"s", 0, 0), most=1)
        waits = Message("m", "webhook", "hook", "s", "statement.drafted", 5, b"{}", 0, 0)
        assert store.advance(None, OutboxPlace(5, b"", 0), [waits])
        sender = Sender(
            store,
            lambda: 1,
            pauses=[1],
            private_hosts=(),
            may_hear=frozenset,
            may_read=lambda _, about: frozenset(about),
        )
        assert not sender.step(lambda: False)
        sender.stop()
        (kept,) = store.sent_to("hook", before=None, limit=9)
        assert (kept.state, kept.tries) == ("waiting", 0)
