"""Addresses that lead into the server's own network are refused, in every form."""

import socket
from typing import Any

import pytest

from ledger.errors import MalformedError, RefusedError, UnavailableError
from ledger.system.outward import Target, checked_address, is_outward, parse_target

INWARD = [
    "0.0.0.0",  # noqa: S104  # no binding
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.9.10",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "168.63.129.16",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
OUTWARD = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", INWARD)
def test_an_inward_address_is_none_to_send_to(address: str) -> None:
    assert not is_outward(address)


@pytest.mark.parametrize("address", OUTWARD)
def test_a_public_address_is_one_to_send_to(address: str) -> None:
    assert is_outward(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "::1", "fd12:3456::1"])
def test_a_named_host_may_be_private(address: str) -> None:
    assert is_outward(address, may_be_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::",
        "ff02::1",
        "100.100.100.200",
        "192.0.0.192",
        "::ffff:192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "FD00:0EC2::0254",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
    ],
)
def test_no_host_may_be_link_local_or_where_clouds_keep_secrets(address: str) -> None:
    assert not is_outward(address, may_be_private=True)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let names resolve to these addresses, one list after the other."""
    left = [*answers]

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, 443)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


TARGET = parse_target("https://hooks.example/in?x=1", ())


def test_a_name_that_points_elsewhere_at_the_next_attempt_is_refused_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolving(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    assert checked_address(TARGET, ()) == "1.1.1.1"
    with pytest.raises(RefusedError, match="own network"):
        checked_address(TARGET, ())


def test_one_inward_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(RefusedError):
        checked_address(TARGET, ())


def test_only_the_hosts_that_are_named_may_be_private(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["10.0.0.1"], ["10.0.0.1"])
    assert checked_address(TARGET, ("hooks.example",)) == "10.0.0.1"
    with pytest.raises(RefusedError):
        checked_address(TARGET, ("other.example",))


def test_a_name_that_is_not_found_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(UnavailableError):
        checked_address(TARGET, ())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://hooks.example/in?x=1",
            Target("https://hooks.example", "hooks.example", 443, "/in?x=1"),
        ),
        (
            "https://hooks.example:8443",
            Target("https://hooks.example:8443", "hooks.example", 8443, "/"),
        ),
        ("http://intern/x", Target("http://intern", "intern", 80, "/x")),
    ],
)
def test_an_address_has_these_parts(url: str, expected: Target) -> None:
    assert parse_target(url, ("intern",)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "http://hooks.example/",
        "https:///in",
        "https://a:b@hooks.example/",
        "https://hooks.example:0/",
        "https://hooks.example:x/",
        "https://hooks.example/\r\nHost: other",
        "https://hooks.example/ü",
        "https://hooks.example\\@other.example/",
        "https://hooks.example/#fragment",
        "https://[::1/",
        "javascript:alert(1)",
        "https://" + "a" * 2048,
    ],
)
def test_garbage_is_no_address(url: str) -> None:
    with pytest.raises(MalformedError):
        parse_target(url, ("intern",))
