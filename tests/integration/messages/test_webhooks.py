"""Webhooks reach a real receiver, which verifies them with the library of Standard Webhooks."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from ledger.domain.entry import entry_hash
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.mailboxes import until
from tests.support.receiver import Receiver
from tests.support.webhooks import deliveries, register


@pytest.fixture
def hooked(company: Company, receiver: Receiver) -> Iterator[tuple[str, str]]:
    """Ada's webhook, removed after the test: its id and its secret."""
    webhook, secret = register(company.ada, receiver)
    yield webhook, secret
    company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={})


def test_an_approval_arrives_as_three_messages_that_verify(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str]
) -> None:
    drafted = alice.draft(policy=policy_of(1, alice))
    assert alice.approve(drafted).status_code == 201
    receiver.wait_for_ids(3)
    told = [each.verified(hooked[1]) for each in receiver.received]
    kinds = [each["type"] for each in told]
    assert kinds == ["statement.drafted", "statement.approval", "statement.approved"]
    assert {each["data"]["statement"] for each in told} == {drafted.id}
    assert [each["data"]["status"] for each in told] == ["pending", "approved", "approved"]
    assert len({each.id for each in receiver.received}) == 3


def test_a_message_has_no_content(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str]
) -> None:
    drafted = alice.draft(title="A secret merger", policy=policy_of(1, alice))
    receiver.wait_for_ids(1)
    (received,) = receiver.received
    assert b"merger" not in received.body
    assert alice.user.encode() not in received.body
    told = received.verified(hooked[1])
    assert told.keys() == {"type", "timestamp", "data"}
    assert told["data"].keys() == {"ledger", "position", "leaf", "statement", "status", "sha256"}
    assert told["data"]["sha256"] == drafted.sha256
    index = told["data"]["position"] - 1
    assert alice.client.get(f"/log/entries/{index}/proof").status_code == 200  # once published
    entry = alice.client.get(f"/log/entries/{index}").content
    assert told["data"]["leaf"] == entry_hash(entry).hex()


def test_a_message_that_fails_is_repeated_with_the_same_id_and_bytes(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str], company: Company
) -> None:
    statuses = itertools.chain([500, 404, 302], itertools.repeat(200))
    receiver.answer = lambda: (next(statuses), {"Location": f"{receiver.url}/elsewhere"})
    alice.draft(policy=policy_of(1, alice))
    receiver.wait_for_ids(1)
    assert len({(each.id, each.body) for each in receiver.received}) == 1
    assert [each.status for each in receiver.received] == [500, 404, 302, 200]
    assert {each.path for each in receiver.received} == {"/hook"}  # no redirect is followed
    (shown,) = wait_for_state(company.ada, hooked[0], "delivered")
    assert (shown["tries"], shown["said"]) == (4, "HTTP 200")


def test_an_administrator_sends_a_message_once_more_with_its_id(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str], company: Company
) -> None:
    alice.draft(policy=policy_of(1, alice))
    (shown,) = wait_for_state(company.ada, hooked[0], "delivered")
    path = f"/api/webhooks/{hooked[0]}/deliveries/{shown['number']}/again"
    assert company.ada.client.post(path, json={}).status_code == 204
    receiver.wait_for(lambda received: len(received) == 2)
    assert {each.id for each in receiver.received} == {shown["id"]}


def test_a_test_message_arrives(
    receiver: Receiver, hooked: tuple[str, str], company: Company
) -> None:
    path = f"/api/webhooks/{hooked[0]}/test"
    assert company.ada.client.post(path, json={}).status_code == 204
    receiver.wait_for_ids(1)
    assert receiver.received[0].verified(hooked[1])["type"] == "webhook.test"


def test_a_receiver_that_is_gone_is_paused_and_resumed(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str], company: Company
) -> None:
    receiver.answer = lambda: (410, {})
    alice.draft(policy=policy_of(1, alice))
    receiver.wait_for(lambda received: len(received) == 1)
    (shown,) = wait_for_state(company.ada, hooked[0], "given_up")
    assert "410" in shown["said"]
    assert "410" in paused(company.ada, hooked[0])
    alice.draft(policy=policy_of(1, alice))  # not told of
    receiver.answer = lambda: (200, {})
    resume = f"/api/webhooks/{hooked[0]}/resume"
    assert company.ada.client.post(resume, json={}).status_code == 204
    later = alice.draft(policy=policy_of(1, alice))
    receiver.wait_for_ids(1)
    assert receiver.taken[0].verified(hooked[1])["data"]["statement"] == later.id


def test_a_receiver_that_never_takes_a_message_is_paused_in_the_end(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str], company: Company
) -> None:
    receiver.answer = lambda: (500, {})
    alice.draft(policy=policy_of(1, alice))
    wait_for_state(company.ada, hooked[0], "given_up")
    assert len(receiver.received) == 21
    assert "HTTP 500" in paused(company.ada, hooked[0])
    reason = "webhooks that are paused: 1"
    assert until(lambda: reason in company.ada.client.get("/healthz").json()["reasons"])


def test_a_webhook_hears_only_what_its_owner_may_read(
    alice: Actor, receiver: Receiver, hooked: tuple[str, str]
) -> None:
    hidden = alice.draft(policy=policy_of(1, alice), readers=[])
    shown = alice.draft(policy=policy_of(1, alice))
    receiver.wait_for(lambda received: any(shown.id.encode() in each.body for each in received))
    assert not any(hidden.id.encode() in each.body for each in receiver.received)


def test_the_webhook_of_somebody_who_does_not_administer_any_more_is_paused(
    company: Company, alice: Actor, receiver: Receiver
) -> None:
    assert company.ada.invite("administrator", "for Cleo").status_code == 201
    cleo = company.person("Cleo").register("administrator", "for Cleo")
    webhook, _ = register(cleo, receiver)
    ended = company.ada.change({"end-role": {"user": cleo.user, "role": "administrator"}})
    assert ended.json()["status"] == "approved", ended.text
    alice.draft(policy=policy_of(1, alice))
    assert until(lambda: "does not administer" in paused(company.ada, webhook))
    assert company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={}).status_code == 204
    assert not any(b"statement.drafted" in each.body for each in receiver.received)


def test_an_address_is_shown_to_its_owner_and_a_secret_to_nobody(
    company: Company, receiver: Receiver
) -> None:
    assert company.ada.invite("administrator", "for Dan").status_code == 201
    dan = company.person("Dan").register("administrator", "for Dan")
    url = f"{receiver.url}/token-in-path"
    made = dan.client.post("/api/webhooks", json={"url": url}).json()
    (his,) = dan.client.get("/api/webhooks").json()["items"]
    (hers,) = company.ada.client.get("/api/webhooks").json()["items"]
    assert (his["url"], hers["url"]) == (url, f"http://127.0.0.1:{receiver.port}/…")
    dan.client.post(f"/api/webhooks/{made['id']}/test", json={})
    receiver.wait_for_ids(1)
    shown = company.ada.client.get("/api/webhooks").text + company.ada.client.get("/webhooks").text
    for secret in (made["secret"], made["secret"].removeprefix("whsec_"), "token-in-path"):
        assert secret not in shown
        assert secret not in company.server.output
        assert secret not in (company.server.data / "security.jsonl").read_text()
    (sent,) = deliveries(dan, made["id"])
    path = f"/api/webhooks/{made['id']}/deliveries"
    for answer in (
        company.ada.client.get(path),
        company.ada.client.post(f"{path}/{sent['number']}/again", json={}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_unknown")
    assert sent["id"] in dan.client.get("/webhooks").text
    assert sent["id"] not in shown
    assert company.ada.client.post(f"/api/webhooks/{made['id']}/remove", json={}).status_code == 204


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.2/hook", "address_inward"),
        ("https://localhost/hook", "address_inward"),
        ("https://2130706433/hook", "address_inward"),
        ("https://0x7f.1/hook", "address_inward"),
        ("https://[::1]/hook", "address_inward"),
        ("https://[::ffff:10.0.0.1]/hook", "address_inward"),
        ("https://169.254.169.254/latest", "address_inward"),
        ("https://10.1.2.3/hook", "address_inward"),
        ("http://example.com/hook", "url_invalid"),
        ("https://user:secret@example.com/", "url_invalid"),
        ("ftp://example.com/", "url_invalid"),
        ("https://", "url_invalid"),
        ("https://example.com:99999/", "url_invalid"),
        ("https://example.com/a b", "url_invalid"),
        ("https://example.com/#part", "url_invalid"),
    ],
)
def test_an_address_that_leads_inward_or_is_none_is_refused(
    company: Company, url: str, code: str
) -> None:
    answer = company.ada.client.post("/api/webhooks", json={"url": url})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] == code
    assert company.ada.client.get("/api/webhooks").json()["items"] == []


def test_only_administrators_see_or_change_webhooks(
    company: Company, receiver: Receiver, hooked: tuple[str, str]
) -> None:
    bert, webhook = company.person("Bert").register("investor"), hooked[0]
    stranger = company.server.client()
    requests: list[Callable[[httpx.Client], httpx.Response]] = [
        lambda client: client.get("/api/webhooks"),
        lambda client: client.get(f"/api/webhooks/{webhook}/deliveries"),
        lambda client: client.post("/api/webhooks", json={"url": receiver.url}),
        *(
            lambda client, act=act: client.post(f"/api/webhooks/{webhook}/{act}", json={})
            for act in ("remove", "resume", "test", "deliveries/1/again")
        ),
    ]
    with stranger:
        for send in requests:
            answer = send(bert.client)
            assert (answer.status_code, answer.json()["code"]) == (403, "administrator_only")
            assert send(stranger).status_code == 401
    assert len(company.ada.client.get("/api/webhooks").json()["items"]) == 1


def test_what_is_not_there_is_unknown(company: Company, hooked: tuple[str, str]) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for act in ("remove", "resume", "test"):
        answer = company.ada.client.post(f"/api/webhooks/{nobody}/{act}", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_unknown")
    path = f"/api/webhooks/{hooked[0]}/deliveries/999999/again"
    answer = company.ada.client.post(path, json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "delivery_unknown")


def test_there_are_twenty_webhooks_at_most(company: Company, receiver: Receiver) -> None:
    made = [register(company.ada, receiver)[0] for _ in range(20)]
    answer = company.ada.client.post("/api/webhooks", json={"url": receiver.url})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhooks_full")
    for webhook in made:
        company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={})


def wait_for_state(admin: Actor, webhook: str, state: str) -> list[dict[str, Any]]:
    """Return the deliveries of a webhook once the newest has this state."""
    found: list[dict[str, Any]] = []

    def is_there() -> bool:
        found[:] = deliveries(admin, webhook)
        return bool(found) and found[0]["state"] == state

    assert until(is_there), found
    return found


def paused(admin: Actor, webhook: str) -> str:
    items = admin.client.get("/api/webhooks").json()["items"]
    return next(each["paused"] or "" for each in items if each["id"] == webhook)
