"""The front door: addresses, bodies, lanes, before the application sees a request."""

import asyncio
import json
from collections.abc import Hashable, Sequence
from typing import Any

import pytest

from ledger.encoding import b64u_encode
from ledger.errors import ConflictError, CorruptError, UnavailableError
from ledger.http.exchange import Exchange
from ledger.http.front import Front, RequestLimits
from ledger.http.lanes import Lane, LaneName, Turn, default_lanes
from ledger.http.quotas import LARGE_PIECE_BYTES, QUOTAS, Group, Quotas
from ledger.http.streams import EventStreams
from ledger.system.client_address import client_address, parse_networks

KID = "A" * 43
PROXIES = parse_networks("192.0.2.0/24, 2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", [b"198.51.100.1"], "203.0.113.7"),
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", [b"198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", [b"1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", [b"1.1.1.1", b"198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", [b"198.51.100.1, 192.0.2.9"], "198.51.100.1"),
        ("::ffff:192.0.2.1", [b"198.51.100.1"], "198.51.100.1"),
        ("2001:db8::1", [b"2001:DB9::7"], "2001:db9::7"),
        ("192.0.2.1", [b"198.51.100.1, nonsense"], "192.0.2.1"),
        ("192.0.2.1", [b""], "192.0.2.1"),
    ],
)
def test_only_a_known_proxy_tells_an_address_for_another(
    peer: str, told: list[bytes], client: str
) -> None:
    assert client_address(peer, told, PROXIES) == client


@pytest.mark.parametrize("text", ["192.0.2.1/8", "nonsense", "1.2.3.4 5.6.7.8"])
def test_a_list_of_proxies_is_addresses_and_networks(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        parse_networks(text)


class Asked:
    """What reaches the application, and what is answered."""

    def __init__(self, answer: int | Exception) -> None:
        self.answer = answer
        self.body: bytes | None = None
        self.client: Any = None
        self.sent: list[Any] = []
        self.answered: list[tuple[Exchange, LaneName | None, float]] = []

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        self.client = scope["client"]
        self.body = b""
        more = True
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]
        if isinstance(self.answer, Exception):
            raise self.answer
        await send({"type": "http.response.start", "status": self.answer, "headers": []})

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def code(self) -> str:
        return str(json.loads(self.sent[1]["body"])["code"])


def ask(
    path: str,
    parts: Sequence[bytes | None],
    *headers: tuple[bytes, bytes],
    is_member: bool = False,
    limits: RequestLimits | None = None,
    method: str = "POST",
    answer: int | Exception = 200,
    asked: Asked | None = None,
) -> Asked:
    """Send a request in parts; None is a client that hangs up."""
    asked = asked or Asked(answer)
    limits = limits or RequestLimits(default_lanes(), Quotas(120), EventStreams())

    async def run() -> None:
        async def member(_: Any) -> str | None:
            return "somebody" if is_member else None

        async def owner_of(kid: str) -> str | None:
            return {KID: "carol"}.get(kid)

        front = Front(
            asked.application,
            limits=limits,
            proxies=PROXIES,
            member=member,
            owner_of=owner_of,
            headers=[(b"x-content-type-options", b"nosniff")],
            answered=lambda *answered: asked.answered.append(answered),
        )
        waiting = [*parts]

        async def receive() -> Any:
            part = waiting.pop(0)
            if part is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            asked.sent.append(message)

        scope: Any = {"type": "http", "method": method, "path": path, "headers": [*headers]}
        scope |= {"query_string": b""}
        await front(scope | {"client": ("192.0.2.1", 5)}, receive, send)

    asyncio.run(run())
    return asked


def forged(kid: str) -> bytes:
    header = b64u_encode(json.dumps({"alg": "EdDSA", "kid": kid}).encode())
    return json.dumps({"act": f"{header}.e30.AA"}).encode()


CHUNKED = (b"transfer-encoding", b"chunked")


def test_the_application_gets_the_whole_body_and_the_clients_address() -> None:
    asked = ask("/", [b"a", b"b"], CHUNKED, (b"x-forwarded-for", b"198.51.100.1"))
    assert (asked.status, asked.body) == (200, b"ab")
    assert asked.client == ("198.51.100.1", 0)


@pytest.mark.parametrize(
    "path", ["/api/statements/x/evidence/", "/api//stream", "//log/checkpoint", "/api/stream/"]
)
def test_an_address_has_one_spelling(path: str) -> None:
    asked = ask(path, [], is_member=True, method="GET")
    assert (asked.status, asked.code, asked.body) == (404, "not_found", None)


def test_a_request_without_a_body_is_not_waited_for() -> None:
    assert ask("/", [b""]).body == b""


def test_a_client_that_hangs_up_in_its_body_never_reaches_the_application() -> None:
    asked = ask("/", [b"a", None], CHUNKED)
    assert (asked.body, asked.sent) == (None, [])


@pytest.mark.parametrize("told", [True, False])
def test_a_large_body_is_taken_from_a_session_only(told: bool) -> None:
    part = bytes(70_000)
    header = (b"content-length", b"70000") if told else CHUNKED
    path = "/api/statements/create"
    assert ask(path, [part], header, is_member=True).body == part
    stranger = ask(path, [part], header)
    assert (stranger.status, stranger.code, stranger.body) == (401, "sign_in_required", None)
    elsewhere = ask("/api/authenticate", [part], header, is_member=True)
    assert (elsewhere.status, elsewhere.code) == (413, "request_too_large")
    beyond = ask(path, [part] * 60, CHUNKED, is_member=True)
    assert (beyond.status, beyond.code) == (413, "request_too_large")


def test_a_member_s_large_bodies_are_counted_by_their_size() -> None:
    limits = RequestLimits(default_lanes(), Quotas(1, lambda: 0.0), EventStreams())
    burst = int(QUOTAS[Group.LARGE][0].burst)
    part = bytes(32 * LARGE_PIECE_BYTES)
    path = "/api/statements/create"

    def status(body: bytes, to: str = path) -> int | None:
        return ask(to, [body], CHUNKED, is_member=True, limits=limits).status

    assert [status(part) for _ in range(burst // 32 + 1)] == [200] * (burst // 32) + [429]
    assert status(bytes(LARGE_PIECE_BYTES)) == 200
    # The route counts each of its approvals.
    assert status(part, "/api/approvals") == 200


def test_a_compressed_body_is_refused() -> None:
    asked = ask("/", [b"a"], CHUNKED, (b"content-encoding", b"gzip"))
    assert (asked.status, asked.code) == (415, "coding_unsupported")
    assert (b"x-content-type-options", b"nosniff") in asked.sent[0]["headers"]
    assert ask("/", [b"a"], CHUNKED, (b"content-encoding", b"identity")).status == 200


DRAFT = "/api/statements/create"


def test_a_request_beyond_its_quota_is_refused_before_its_body_is_read() -> None:
    limits = RequestLimits(default_lanes(), Quotas(1, lambda: 0.0), EventStreams())
    assert ask("/api/authenticate", [b"{}"], CHUNKED, limits=limits).status == 200
    refused = ask("/api/authenticate", [], CHUNKED, limits=limits)
    assert (refused.status, refused.code, refused.body) == (429, "rate_limited", None)
    headers = dict(refused.sent[0]["headers"])
    assert 60 <= int(headers[b"retry-after"]) <= 70


def test_members_and_known_signers_and_strangers_have_quotas_of_their_own() -> None:
    limits = RequestLimits(default_lanes(), Quotas(1, lambda: 0.0), EventStreams())
    body = forged(KID)
    granted = 0
    while ask(DRAFT, [body], CHUNKED, limits=limits).status == 200:
        granted += 1
    assert granted == QUOTAS[Group.DRAFT][0].burst
    assert ask(DRAFT, [body], CHUNKED, limits=limits, is_member=True).status == 200
    unknown = forged("B" * 43)
    statuses = [ask(DRAFT, [unknown], CHUNKED, limits=limits).status for _ in range(2)]
    assert statuses == [200, 429]


def test_a_refused_signature_counts_and_a_conflict_does_not() -> None:
    limits = RequestLimits(default_lanes(), Quotas(1, lambda: 0.0), EventStreams())
    for answer in (409, 409, 201, 422, 422):
        asked = ask(DRAFT, [forged(KID)], CHUNKED, limits=limits, answer=answer)
        assert asked.status == answer
    refused = ask(DRAFT, [forged(KID)], CHUNKED, limits=limits)
    assert (refused.status, refused.code) == (429, "rate_limited")


def test_a_customers_networks_take_turns_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 networks of one customer, each had a turn before anybody else had the next."""
    askers: list[object] = []
    turn = Lane.turn

    def noted(lane: Lane, asker: Hashable) -> Turn:
        askers.append(asker)
        return turn(lane, asker)

    monkeypatch.setattr(Lane, "turn", noted)
    for told in (b"2001:db9:1:2::3", b"2001:db9:1:4::5", b"203.0.113.7"):
        assert ask("/signin", [b""], (b"x-forwarded-for", told), method="GET").status == 200
    assert askers == ["2001:db9:1::/48", "2001:db9:1::/48", "203.0.113.7"]


def test_an_event_stream_is_counted_and_holds_no_turn() -> None:
    lanes, streams = default_lanes(), EventStreams(each=1)
    limits = RequestLimits(lanes, Quotas(120), streams)
    with streams.one("somebody"):
        full = ask("/api/stream", [], limits=limits, is_member=True, method="GET")
        assert (full.status, full.code) == (429, "too_many_streams")
        # Who has no session is answered in the strangers' lane, and told to sign in.
        assert ask("/api/stream", [b""], limits=limits, method="GET").status == 200
    assert ask("/api/stream", [b""], limits=limits, is_member=True, method="GET").status == 200
    assert (streams.open, lanes[LaneName.MEMBERS].at_work) == (0, 0)


class Streamed(Asked):
    """An answer in parts, which its client may take slowly."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(200)
        self.at_work: list[int] = []
        self._lane = lane

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        await super().application(scope, receive, send)
        for more in (True, True, False):
            self.at_work.append(self._lane.at_work)
            await send({"type": "http.response.body", "body": b"part", "more_body": more})
            await asyncio.sleep(0)


def test_an_answer_that_is_sent_in_parts_holds_no_turn_from_its_first_part() -> None:
    """Two slow downloads would have kept a member's own pages waiting."""
    limits = RequestLimits(default_lanes(), Quotas(120), EventStreams())
    asked = Streamed(limits.lanes[LaneName.MEMBERS])
    ask("/", [b""], limits=limits, is_member=True, method="GET", asked=asked)
    assert [each.get("body") for each in asked.sent] == [None, b"part", b"part", b"part"]
    assert asked.at_work == [1, 0, 0]


def test_an_error_that_nobody_foresaw_is_500_and_its_reason_stays_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = ask("/", [b""], answer=RuntimeError("a secret"))
    assert (asked.status, asked.code) == (500, "internal")
    assert b"secret" not in asked.sent[1]["body"]
    assert "a secret" in caplog.text
    corrupt = ask("/", [b""], answer=CorruptError("state_truncated", "a secret"))
    assert (corrupt.status, corrupt.code) == (500, "internal")


def test_an_error_carries_its_evidence_and_what_to_wait_for() -> None:
    conflict = ask("/", [b""], answer=ConflictError("taken", "by another", position=7))
    assert (conflict.status, conflict.code) == (409, "taken")
    assert json.loads(conflict.sent[1]["body"])["evidence"] == {"position": 7}
    busy = ask("/", [b""], answer=UnavailableError("storage_failed", "try again"))
    assert 1 <= int(dict(busy.sent[0]["headers"])[b"retry-after"]) <= 5
