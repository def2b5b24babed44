"""One letter that cannot be made or sent is given up; the others are sent."""

import smtplib
from collections.abc import Callable, Collection
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.messages.letters import LetterItem, LetterKind, LetterWriter
from ledger.messages.mail_sender import MailSender, PostOffice
from ledger.pages.texts import texts_in
from ledger.store.ports.messages import Mailbox, Message
from ledger.store.sqlite.messages import SqliteMessages
from ledger.system.smtp import SmtpConnection, SmtpServer

SERVER = SmtpServer("mail.example", 587, False, False, "", "")
WRITER = LetterWriter("https://ledger.example", "Ledger", "ledger@example.com")


def everything(_: str, statements: Collection[str]) -> frozenset[str]:
    return frozenset(statements)


class Mail:
    """What stands for a connection of the library; `fault` is raised for each letter."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, ...]] = []
        self.fault: Exception | None = None

    def send_message(self, letter: EmailMessage, *, to_addrs: list[str]) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append(tuple(to_addrs))

    def quit(self) -> None:
        """End nothing."""


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Mail:
    found = Mail()
    monkeypatch.setattr(SmtpConnection, "_connect", staticmethod(lambda _: found))
    return found


def sent(path: Path, *addresses: str) -> tuple[MailSender, list[Any]]:
    """Let a sender send a code to each address; return it and the end of each letter."""
    store = SqliteMessages(path / "messages.db")
    for n, address in enumerate(addresses):
        item = LetterItem("code", "2026-11-29T06:00:00.000Z", code="1", address=address)
        body = msgspec.json.encode(item)
        store.put(Message(f"msg_{n}", "mail", f"person-{n}", "code", "code", 0, body, 0, 0))
    post = PostOffice(SERVER, WRITER, texts_in)
    sender = MailSender(
        store,
        lambda: 1,
        post=post,
        pauses=(5,),
        are_active=frozenset,
        may_hear=frozenset,
        may_read=everything,
    )
    assert sender.step(lambda: True)
    found = [store.sent_to(f"person-{n}", before=None, limit=1)[0] for n in range(len(addresses))]
    store.close()
    return sender, [(each.state, each.said) for each in found]


def test_an_address_that_the_library_cannot_read_stops_no_other_letter(
    tmp_path: Path, mail: Mail
) -> None:
    sender, found = sent(tmp_path, "=?utf-8?q??=@a.b", "bob@example.com")
    assert found == [
        ("given_up", "the letter cannot be made (IndexError)"),
        ("delivered", "taken"),
    ]
    assert mail.sent == [("bob@example.com",)]
    assert sender.failure is None


def test_a_letter_goes_to_its_address_and_not_to_what_a_header_means(
    tmp_path: Path, mail: Mail
) -> None:
    address = "=?utf-8?q?v=40good.com=2Cw=40other.com?=@evil.example"
    sent(tmp_path, address)
    assert mail.sent in ([], [(address,)])


@pytest.mark.parametrize(
    "fault", [smtplib.SMTPNotSupportedError("SMTPUTF8"), ValueError("a line end")]
)
def test_what_the_server_cannot_take_is_given_up_and_is_no_failure_of_the_server(
    tmp_path: Path, mail: Mail, fault: Exception
) -> None:
    mail.fault = fault
    sender, found = sent(tmp_path, "bob@example.com")
    assert found == [("given_up", f"the letter cannot be sent ({type(fault).__name__})")]
    assert sender.failure is None


def letters(
    store: SqliteMessages, names: range, *, kind: LetterKind = "waiting", due_ms: int = 0
) -> None:
    for n in names:
        body = msgspec.json.encode(LetterItem(kind, "2026-11-29T06:00:00.000Z", f"s-{n}"))
        store.put(Message(f"msg_{n}", "mail", "p", f"s-{n}", kind, 5, body, 0, due_ms))


def sender_of(
    store: SqliteMessages,
    now_ms: Callable[[], int],
    hidden: str = "",
    may_hear: Callable[[Collection[str]], frozenset[str]] = frozenset,
) -> MailSender:
    def may_read(_: str, statements: Collection[str]) -> frozenset[str]:
        return frozenset(statements) - {hidden}

    post = PostOffice(SERVER, WRITER, texts_in)
    return MailSender(
        store,
        now_ms,
        post=post,
        pauses=(5,),
        are_active=frozenset,
        may_hear=may_hear,
        may_read=may_read,
    )


def a_store(path: Path) -> SqliteMessages:
    """Return a store in which the person p has a mailbox."""
    store = SqliteMessages(path / "messages.db")
    store.keep_code(Mailbox("p", "", None, "bob@example.com", b"c", 9, 5, 0, b""))
    assert store.verify_mailbox("p", b"c", at_ms=1, since=0, leave=bytes(16))
    return store


def test_nobody_is_told_of_a_statement_that_they_may_not_read_any_more(
    tmp_path: Path, mail: Mail
) -> None:
    with closing(a_store(tmp_path)) as store:
        letters(store, range(2))
        assert sender_of(store, lambda: 1, hidden="s-0").step(lambda: True)
        shown, hidden = store.sent_to("p", before=None, limit=9)
    assert (shown.state, hidden.state) == ("delivered", "given_up")
    assert "may not read" in hidden.said
    assert len(mail.sent) == 1


@pytest.mark.parametrize(("administers", "state"), [(True, "delivered"), (False, "given_up")])
def test_who_administers_no_more_is_told_of_nobody_else(
    tmp_path: Path, mail: Mail, administers: bool, state: str
) -> None:
    with closing(a_store(tmp_path)) as store:
        item = LetterItem("person_block", "2026-11-29T06:00:00.000Z", person="mallory")
        body = msgspec.json.encode(item)
        store.put(Message("m", "mail", "p", "mallory", item.kind, 5, body, 0, 0))
        may_hear: Any = frozenset if administers else lambda _: frozenset()
        sender_of(store, lambda: 1, may_hear=may_hear).step(lambda: True)
        (found,) = store.sent_to("p", before=None, limit=9)
    assert (found.state, len(mail.sent)) == (state, int(administers))


def test_who_lost_the_right_to_send_begins_no_further_letter(tmp_path: Path, mail: Mail) -> None:
    with closing(a_store(tmp_path)) as store:
        letters(store, range(1))
        sender = sender_of(store, lambda: 1)
        sender.step(lambda: False)
        assert mail.sent == []
        assert [each.state for each in store.waiting("p", limit=9)] == ["waiting"]


def test_a_person_gets_ten_letters_an_hour_and_one_with_the_rest(
    tmp_path: Path, mail: Mail
) -> None:
    now = [1]
    with closing(a_store(tmp_path)) as store:
        sender = sender_of(store, lambda: now[0])
        for n in range(14):
            letters(store, range(n, n + 1))
            now[0] += 1
            sender.step(lambda: True)
        assert len(mail.sent) == 10
        letters(store, range(99, 100), kind="key")
        assert sender.step(lambda: True)
        assert len(mail.sent) == 11  # mail about one's own keys comes even so
        now[0] += 3_600_000
        assert sender.step(lambda: True)
        assert len(mail.sent) == 12
        assert store.waiting("p", limit=9) == []
