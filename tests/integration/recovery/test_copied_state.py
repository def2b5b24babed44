"""What servers share beside the log goes along with a copy, and nobody sends it twice."""

import time
from contextlib import closing

import msgspec
import psycopg
import pytest

from ledger.errors import RefusedError, UnavailableError
from ledger.settings import Settings
from ledger.store.engines import (
    create_database,
    open_directory,
    open_messages,
    open_operations,
    stop_servers,
)
from ledger.store.ports.directory import DirectoryEntry
from ledger.store.ports.messages import (
    ATTEMPT_S,
    LEASE_S,
    Mailbox,
    Message,
    MessageStore,
    OutboxPlace,
    SendAttempt,
    Webhook,
)
from ledger.store.ports.operations import Access, DeviceLink, WrappedKey
from tests.support.log_copying import copied
from tests.support.postgres import Cluster
from tests.support.refusals import refused

DAY_MS = 24 * 60 * 60 * 1000
# Later than the end of any name that the ledger forgot: a name that ends earlier is refused.
FAR_MS = 100_000 * DAY_MS
HOOK = Webhook("hook", "alice", "https://hooks.example/", b"\x00" * 32, 4, 1_000, failing_ms=9)
BOX = Mailbox("alice", "", None, "a@example.com", b"c" * 32, FAR_MS, 5, 3, b"l" * 16)
BLOCKED = DirectoryEntry("block", "mallory", "mallory", "", b"left", 1)
READ = Access(at_ms=1, person="alice", kind="statement", about="s")
PLACE = OutboxPlace(4, b"a" * 32, 10)


def test_sessions_and_everything_else_that_servers_share_goes_along(
    here: Settings, there: Settings, back: Settings
) -> None:
    wrapped = WrappedKey("kid", "passkey", b"ciphertext")
    link = DeviceLink("alice", b"s" * 32, "ceremony", "nonce", FAR_MS)
    with closing(open_operations(here.log_address, here.data, born_ms=7)) as state:
        state.open_session(
            "token", "alice", opened_by="kid", browser="Firefox", now_ms=1, expires_ms=DAY_MS
        )
        state.use_once("a name", now_ms=1, expires_ms=FAR_MS)
        state.note_sign_count("passkey", 5, now_ms=1)
        state.note_access(READ)
        assert state.keep_wrapped_key("alice", wrapped)
        state.open_device_link(link)
        state.offer_by_link(link.secret_sha256, b"a passkey")
        key, born_ms = state.ceremony_key, state.born_ms
    with closing(open_directory(here.log_address, here.data)) as directory:
        assert directory.add(BLOCKED)
    copied(here, there)
    copied(there, back)
    for settings in (there, back):
        with closing(open_directory(settings.log_address, settings.data)) as directory:
            assert directory.entry("block", "mallory") == BLOCKED
    for settings in (there, back):
        with closing(open_operations(settings.log_address, settings.data, born_ms=9)) as state:
            found = state.sessions(["token"])[0]
            assert found is not None
            assert (found[0], state.ceremony_key, state.born_ms) == ("alice", key, born_ms)
            assert state.wrapped_keys("alice") == [wrapped]
            assert state.device_link("alice") == msgspec.structs.replace(link, offer=b"a passkey")
            assert state.accesses(before=None, limit=9) == [(1, READ)]
            with refused(RefusedError, "already_used"):
                state.use_once("a name", now_ms=2, expires_ms=FAR_MS)


def test_messages_and_everybody_who_wants_them_go_along(
    here: Settings, there: Settings, back: Settings
) -> None:
    with closing(open_messages(here.log_address, here.data)) as messages:
        fill(messages)
        before = everything(messages)
    copied(here, there)
    copied(there, back)
    for settings in (there, back):
        with closing(open_messages(settings.log_address, settings.data)) as messages:
            assert everything(messages) == before
            assert not messages.take_code("alice", day=FAR_MS // DAY_MS, most=1)
            messages.put(message("new", 2))  # numbers go on after those that were copied
            numbers = [each.number for each in messages.sent_to("hook", before=None, limit=9)]
            assert numbers == sorted(numbers, reverse=True)
            assert len(set(numbers)) == 4


def fill(messages: MessageStore) -> None:
    """Keep one of each: a webhook, messages in two states, a mailbox and feeds."""
    assert messages.add_webhook(HOOK, most=1)
    messages.keep_code(BOX)
    assert messages.take_code("alice", day=FAR_MS // DAY_MS, most=1)
    messages.keep_feed("alice", b"f" * 32)
    assert messages.advance(None, PLACE, [message("first", 0), message("second", 1)])
    (first, *_) = messages.due("hook", 0, limit=1)
    messages.attempted([SendAttempt(first.number, "delivered", 5, None, "HTTP 200")])
    messages.put(message("third", 1))


def everything(messages: MessageStore) -> tuple[object, ...]:
    return (
        messages.cursor(),
        messages.webhooks(),
        messages.mailboxes(),
        messages.feed_owners(),
        messages.sent_to("hook", before=None, limit=9),
        messages.due("hook", 9, limit=9),
    )


def message(name: str, subject: int) -> Message:
    return Message(name, "webhook", "hook", str(subject), "statement.drafted", 5, b"{}", 0, 0)


def test_a_server_that_still_runs_on_the_old_database_sends_nothing_more(
    here: Settings, there: Settings, back: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(here, there)
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    with closing(open_messages(there.log_address, there.data)) as messages:
        assert messages.lease("a server")
        copied(there, back)
        assert not messages.lease("a server")
        messages.release("a server")  # as it does when it stops
        assert not messages.lease("another server")
    assert waited == [LEASE_S + ATTEMPT_S]  # what the server had begun is over
    with closing(open_messages(back.log_address, back.data)) as messages:
        assert messages.lease("the new server")


def test_a_copy_that_is_killed_while_it_waits_for_such_a_server_waits_again(
    here: Settings, there: Settings, back: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(here, there)

    def killed(_: float) -> None:
        raise KeyboardInterrupt

    with closing(open_messages(there.log_address, there.data)) as messages:
        assert messages.lease("a server")
    monkeypatch.setattr(time, "sleep", killed)
    with pytest.raises(KeyboardInterrupt):
        copied(there, back)
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    copied(there, back)
    assert waited == [LEASE_S + ATTEMPT_S]


def test_messages_are_sent_from_a_database_that_a_ledger_left_before(
    here: Settings, there: Settings
) -> None:
    create_database(there.log_address, role=None)
    stop_servers(there.log_address)
    copied(here, there)
    with closing(open_messages(there.log_address, there.data)) as messages:
        assert messages.lease("the new server")


def test_such_a_server_changes_nothing_that_would_stay_behind(
    here: Settings, there: Settings, back: Settings, postgres: Cluster
) -> None:
    postgres.execute("CREATE ROLE running LOGIN")
    create_database(there.log_address, role="running")
    with psycopg.connect(there.log_address) as connection:  # a tool that watches tables
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO PUBLIC")
    copied(here, there)
    url = there.log_address.replace("owner@", "running@", 1)
    late = DirectoryEntry("block", "late", "late", "", b"left", 1)
    with (
        closing(open_directory(url, there.data)) as directory,
        closing(open_operations(url, there.data, born_ms=0)) as state,
        closing(open_messages(url, there.data)) as messages,
    ):
        assert directory.add(BLOCKED)
        state.note_access(READ)
        fill(messages)
        (first, *_) = messages.sent_to("hook", before=None, limit=9)
        copied(there, back)
        with refused(UnavailableError, "state_unavailable"):
            directory.add(late)  # the directory sends it again, to the new server
        with refused(UnavailableError, "state_unavailable"):
            state.close_sessions("alice")
        with refused(UnavailableError, "state_unavailable"):
            state.note_access(msgspec.structs.replace(READ, at_ms=DAY_MS))
        with refused(UnavailableError, "messages_unavailable"):
            messages.add_webhook(HOOK, most=1)
        with refused(UnavailableError, "messages_unavailable"):
            messages.put(message("test", 3))  # nobody would send it
        with refused(UnavailableError, "messages_unavailable"):
            messages.again("hook", first.number, now_ms=0)
        assert directory.entry("block", "mallory") == BLOCKED  # reading goes on
    with closing(open_directory(back.log_address, back.data)) as directory:
        assert directory.entry("block", "mallory") == BLOCKED
