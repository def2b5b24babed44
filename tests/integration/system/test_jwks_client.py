"""The JWKS client against a server that answers rightly, wrongly or not at all."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from ledger.errors import MalformedError, UnavailableError
from ledger.jose import sign, verify_multi_all
from ledger.system.jwks_client import JwksClient, JwksTimes
from tests.support.jwks_publisher import JSON, NEW, OLD, STRANGE, Publisher, jwks, served, verifies
from tests.support.refusals import refused
from tests.support.strangers import Reply, stranger


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def client(publisher: Publisher) -> Iterator[JwksClient]:
    with served(publisher) as client:
        yield client


def test_a_set_is_fetched_once_and_kept(publisher: Publisher, client: JwksClient) -> None:
    assert publisher.requests == 0
    for _ in range(5):
        assert verifies(client, OLD)
    assert [key.thumbprint for key in client.keys().keys] == [OLD.kid]
    assert publisher.requests == 1


def test_a_rotated_key_works_at_once_and_the_old_one_ends_with_its_set(
    publisher: Publisher, client: JwksClient
) -> None:
    assert verifies(client, OLD)
    publisher.answer = lambda: jwks(NEW)
    publisher.now_s += 30
    assert verifies(client, OLD)
    assert publisher.requests == 1
    assert verifies(client, NEW)
    assert not verifies(client, OLD)
    assert publisher.requests == 2


def test_strangers_kids_cause_one_request_in_thirty_seconds(
    publisher: Publisher, client: JwksClient
) -> None:
    assert verifies(client, OLD)
    for _ in range(100):
        assert not verifies(client, STRANGE)
    assert publisher.requests == 1
    publisher.now_s += 30
    for _ in range(100):
        assert not verifies(client, STRANGE)
    assert publisher.requests == 2


def test_an_old_set_is_fetched_again(publisher: Publisher, client: JwksClient) -> None:
    assert verifies(client, OLD)
    publisher.now_s += 300
    assert verifies(client, OLD)
    assert publisher.requests == 1
    publisher.now_s += 0.5
    publisher.answer = lambda: jwks()
    assert not verifies(client, OLD)
    assert publisher.requests == 2


BAD = {
    "an error": Reply(500, b"", JSON),
    "not found": Reply(404, b"{}", JSON),
    "a redirection": Reply(302, b"", JSON),
    "no content": Reply(204, b"", JSON),
    "not JSON by its type": Reply(200, b'{"keys":[]}', "text/html"),
    "garbage": Reply(200, b"<html>", JSON),
    "empty": Reply(200, b"", JSON),
    "a list": Reply(200, b"[]", JSON),
    "no keys": Reply(200, b"{}", JSON),
    "keys that are no list": Reply(200, b'{"keys":{}}', JSON),
    "two lists": Reply(200, b'{"keys":[],"keys":[]}', JSON),
    "too many keys": Reply(200, b'{"keys":[' + b",".join([b"0"] * 4097) + b"]}", JSON),
    "too many bytes": Reply(200, b'{"keys":[]' + b" " * 2**20 + b"}", JSON),
    "too deep": Reply(200, b'{"keys":' + b"[" * 1000 + b"]" * 1000 + b"}", JSON),
    "another encoding": Reply(200, '{"keys":[]}'.encode("utf-16"), JSON),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_keeps_the_old_keys_for_an_hour_and_not_longer(
    name: str, publisher: Publisher, client: JwksClient
) -> None:
    assert verifies(client, OLD)
    publisher.answer = lambda: BAD[name]
    for later_s in (301, 1000, 3600):
        publisher.now_s = 1000 + later_s
        assert verifies(client, OLD)
    assert publisher.requests == 4
    publisher.now_s = 1000 + 3901
    for _ in range(10):
        with refused(UnavailableError, "jwks_unavailable"):
            client.keys()
    assert publisher.requests == 5
    publisher.answer = lambda: jwks(OLD)
    publisher.now_s += 30
    assert verifies(client, OLD)


@pytest.mark.parametrize("name", BAD)
def test_without_old_keys_a_bad_answer_verifies_nothing(
    name: str, publisher: Publisher, client: JwksClient
) -> None:
    publisher.answer = lambda: BAD[name]
    for _ in range(10):
        with refused(UnavailableError, "jwks_unavailable"):
            client.keys()
        assert not verifies(client, OLD)  # the lookup's error is the entry's outcome
    assert publisher.requests == 1


def test_a_server_that_is_away_is_not_asked_at_each_signature() -> None:
    with stranger(lambda *_: Reply(200)) as url:
        pass
    with closing(JwksClient(url)) as client:
        for _ in range(3):
            with pytest.raises(UnavailableError) as failed:
                client.keys()
            assert url in failed.value.detail


def test_secrets_and_private_keys_of_a_set_are_never_used(
    publisher: Publisher, client: JwksClient
) -> None:
    secret = {"kty": "oct", "k": "A" * 86, "kid": "shared"}
    publisher.answer = lambda: jwks(OLD, more=(secret, NEW.to_jwk(), 7, {"kty": "??"}))
    keys = client.keys()
    assert [key.thumbprint for key in keys.keys] == [OLD.kid]
    assert [failure.code for _, failure in keys.unusable] == [
        "private_key_refused",
        "jwk_invalid",
        "jwk_invalid",
    ]
    jws = sign(b"x", {**secret, "alg": "HS256"})
    (outcome,) = verify_multi_all(jws, client.lookup, algorithms=["HS256"], now=None).outcomes
    assert not outcome.verified


def test_a_kid_that_is_no_text_asks_for_no_other_set(
    publisher: Publisher, client: JwksClient
) -> None:
    kids: list[object] = [None, 7, ["a"], {}]
    for kid in kids:
        assert client.lookup({"kid": kid}).keys
    assert publisher.requests == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/keys",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1/",
        "ftp://a/",
        "https://a/?x=1",
        "https://u:p@a/",
        "https://",
        "keys",
        "https://[::1/",
    ],
)
def test_keys_come_over_tls_or_from_this_computer(url: str) -> None:
    with refused(MalformedError, "url_invalid"):
        JwksClient(url)


@pytest.mark.parametrize(
    "times", [{"floor_s": 0}, {"floor_s": 0.5}, {"floor_s": 301}, {"stale_s": -1}]
)
def test_times_that_let_strangers_send_requests_are_refused(times: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="floor_s"):
        JwksTimes(**times)


def test_other_times_can_be_chosen(publisher: Publisher) -> None:
    times = JwksTimes(max_age_s=2, stale_s=0, floor_s=1)
    with served(publisher, times=times, max_bytes=300) as client:
        assert verifies(client, OLD)
        publisher.now_s += 2.5
        publisher.answer = lambda: BAD["an error"]
        with refused(UnavailableError, "jwks_unavailable"):
            client.keys()
        publisher.now_s += 1
        publisher.answer = lambda: jwks(OLD, NEW, STRANGE)  # over 300 bytes
        with refused(UnavailableError, "jwks_unavailable"):
            client.keys()
