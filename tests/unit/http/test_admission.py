"""What connections are counted by, and what a head may say."""

import asyncio

import pytest

from ledger.http.admission import Admission, ConnectionLimits, address_of, site_of
from ledger.http.request_head import refused_head
from ledger.system.client_address import parse_networks


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        (None, "local"),
        (("", 0), "local"),
        (("203.0.113.7", 1), "203.0.113.7"),
        (("::ffff:203.0.113.7", 1), "203.0.113.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::1", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
    ],
)
def test_a_client_is_counted_by_its_address_or_its_network(
    peer: tuple[str, int] | None, counted: str
) -> None:
    assert address_of(peer) == counted


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::1", "2001:db8:1::/48"),
        ("2001:db8:2::1", "2001:db8:2::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "local"),
    ],
)
def test_one_customers_networks_take_turns_as_one(host: str, site: str) -> None:
    assert site_of(address_of((host, 1))) == site


class Waiting:
    """A connection that never takes too long; at work, it does not give way."""

    def __init__(self, *, at_work: bool = False, since_s: float = 0) -> None:
        self.at_work = at_work
        self.since_s = since_s
        self.ended = False

    def end_if_late(self, now_s: float) -> None:
        raise AssertionError(now_s)

    def waits_since(self) -> float | None:
        return None if self.at_work else self.since_s

    def give_way(self) -> None:
        self.ended = True


def enter(admission: Admission, address: str, connection: Waiting | None = None) -> int | None:
    async def run() -> int | None:
        return admission.enter(connection or Waiting(), address)

    return asyncio.run(run())


def test_a_proxys_connections_are_many_peoples() -> None:
    limits = ConnectionLimits(connections_per_address=1)
    admission = Admission(limits, proxies=parse_networks("192.0.2.0/24, 2001:db8:1:2::/64"))
    for address in ("192.0.2.1", "192.0.2.1", "2001:db8:1:2::/64", "2001:db8:1:2::/64"):
        assert enter(admission, address) is None
    assert enter(admission, "203.0.113.7") is None
    assert enter(admission, "203.0.113.7") == 429


def test_on_a_full_server_the_address_with_the_most_connections_gives_one_up() -> None:
    admission = Admission(ConnectionLimits(connections=4))
    busy, oldest, newest = Waiting(at_work=True), Waiting(), Waiting()
    for connection in (busy, oldest, newest):
        assert enter(admission, "192.0.2.1", connection) is None
    assert enter(admission, "192.0.2.2") is None
    assert enter(admission, "192.0.2.3") is None
    assert (busy.ended, oldest.ended, newest.ended) == (False, True, False)
    assert admission.connections == 4


def test_on_a_full_server_nobody_gains_by_another_connection_of_their_own() -> None:
    admission = Admission(ConnectionLimits(connections=3, connections_of_browser=1))
    held = [Waiting(), Waiting(), Waiting()]
    for number, connection in enumerate(held):
        assert enter(admission, f"192.0.2.{number % 2}", connection) is None
    assert enter(admission, "192.0.2.1") == 503
    assert not any(each.ended for each in held)


def test_on_a_full_server_a_browser_takes_the_places_of_those_who_wait_longest() -> None:
    """512 addresses with one silent connection each kept everybody else out."""
    admission = Admission(ConnectionLimits(connections=4, connections_of_browser=2))
    held = [Waiting(since_s=3), Waiting(since_s=1), Waiting(since_s=2), Waiting(at_work=True)]
    for number, connection in enumerate(held):
        assert enter(admission, f"192.0.2.{number}", connection) is None
    mine = Waiting(since_s=4)
    assert enter(admission, "192.0.2.9", mine) is None
    assert [each.ended for each in held] == [False, True, False, False]
    assert enter(admission, "192.0.2.9") is None
    assert [each.ended for each in held] == [False, True, True, False]
    assert enter(admission, "192.0.2.9") == 503
    assert not mine.ended
    assert admission.connections == 4


def test_on_a_full_server_nobody_at_work_and_no_proxy_gives_way() -> None:
    proxies = parse_networks("192.0.2.9/32")
    for address, at_work in (("192.0.2.9", False), ("192.0.2.1", True)):
        admission = Admission(ConnectionLimits(connections=2), proxies=proxies)
        for _ in range(2):
            assert enter(admission, address, Waiting(at_work=at_work)) is None
        assert enter(admission, "192.0.2.3") == 503
        assert enter(admission, "192.0.2.9") == 503


def test_a_connection_that_never_entered_leaves_nothing() -> None:
    admission = Admission()
    admission.leave(Waiting(), "192.0.2.1")
    assert admission.connections == 0


def head(*headers: tuple[bytes, bytes], version: str = "1.1", target: bytes = b"/") -> int | None:
    return refused_head(version, b"POST", target, headers, max_body_bytes=10)


HOST = (b"host", b"a")


def test_a_plain_head_is_taken() -> None:
    assert head(HOST) is None
    assert head(HOST, (b"content-length", b"10")) is None
    assert head(version="1.0") is None
    assert head(HOST, target=b"http://A/path?x") is None


def test_what_a_head_must_not_say_is_refused() -> None:
    assert head() == 400
    assert head(HOST, HOST) == 400
    assert head(HOST, target=b"http://b/") == 400
    assert head(HOST, target=b"http://a@b/") == 400
    assert head(HOST, target=b"*") == 400
    assert head(HOST, target=b"") == 400
    assert head(HOST, version="0.9") == 505
    assert head(HOST, (b"content-length", b"11")) == 413
    assert head(HOST, (b"content-length", b"9" * 5_000)) == 413
    assert head(HOST, (b"transfer-encoding", b"chunked, chunked")) == 501
    assert head(HOST, (b"expect", b"200-ok")) == 417
    assert head(HOST, (b"transfer-encoding", b"chunked"), version="1.0") == 400
    assert head(HOST, target=b"/a#b") == 400
    assert head(HOST, target=b"http://a/#b") == 400
    for name in (b"content-type", b"origin", b"authorization", b"sec-fetch-site"):
        assert head(HOST, (name, b"a"), (name, b"a")) == 400
        assert head(HOST, (name, b"a"), (b"x-other", b"a"), (b"x-other", b"b")) is None
