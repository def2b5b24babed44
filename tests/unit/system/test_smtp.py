"""The address of a mail server, and what it may be."""

import pytest

from ledger.errors import MalformedError
from ledger.system.message_settings import PAUSES, parse_hosts, parse_pauses
from ledger.system.smtp import parse_smtp_url, require_mail_address


def test_a_mail_server_has_these_parts() -> None:
    found = parse_smtp_url("smtp://me%40example.com:p%3Aw@mail.example", ())
    assert found is not None
    assert found[:4] == ("mail.example", 587, False, False)
    assert (found.user, found.password) == ("me@example.com", "p:w")
    assert "p:w" not in repr(found)
    assert parse_smtp_url("", ()) is None


def test_only_this_machine_and_named_hosts_go_without_tls() -> None:
    plain = [
        parse_smtp_url(url, ("relay.intern",))
        for url in (
            "smtp://localhost:25",
            "smtp://relay.intern",
            "smtp://mail.example",
            "smtps://localhost",
        )
    ]
    assert [each.may_be_plain for each in plain if each] == [True, True, False, False]


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example/x",
        "smtp://a:x/",
        "smtp://mail.example?tls=no",
        "smtp://mail.example\n",
    ],
)
def test_garbage_is_no_mail_server(url: str) -> None:
    with pytest.raises(MalformedError):
        parse_smtp_url(url, ())


def test_pauses_and_hosts_are_lists() -> None:
    assert parse_pauses("") == PAUSES
    assert parse_pauses("0, 5,300") == (0, 5, 300)
    assert parse_hosts(" a.intern,10.0.0.5 ,") == {"a.intern", "10.0.0.5"}


@pytest.mark.parametrize("text", ["x", "1;2", "-1", "86401", ",", "1," * 21, "1.5", "\u0661"])
def test_garbage_is_no_list_of_pauses(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_pauses(text)


@pytest.mark.parametrize("text", ["https://a", "a/b", "A.intern", "a b"])
def test_garbage_is_no_list_of_hosts(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_hosts(text)


@pytest.mark.parametrize(
    "address", ["=?utf-8?q??=@a.b", "=?utf-8?q?v=40good.com?=@evil.example", "a=b@c.d", "a?b@c.d"]
)
def test_an_address_is_no_encoded_word(address: str) -> None:
    with pytest.raises(MalformedError):
        require_mail_address(address)
    assert require_mail_address("a.b+c@example.com") == "a.b+c@example.com"
