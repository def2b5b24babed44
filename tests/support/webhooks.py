"""Webhooks of administrators and mailboxes of people, over HTTP."""

import re
from typing import Any

from tests.support.actor import Actor
from tests.support.directory import use_organisation
from tests.support.post_office import PostOffice, text_of
from tests.support.receiver import Receiver

# Receivers are on this machine, and attempts follow one another at once.
SETTINGS = {
    "LEDGER_PRIVATE_HOSTS": "127.0.0.1",
    "LEDGER_MESSAGE_RETRIES": ",".join(["0"] * 20),
}


def register(admin: Actor, receiver: Receiver) -> tuple[str, str]:
    """Register a receiver's address; return the webhook's id and its secret."""
    answer = admin.client.post("/api/webhooks", json={"url": receiver.url})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made["id"], made["secret"]


def deliveries(admin: Actor, webhook: str) -> list[dict[str, Any]]:
    """Return the newest deliveries of a webhook."""
    answer = admin.client.get(f"/api/webhooks/{webhook}/deliveries?limit=200")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _use_webhook(admin: Actor) -> None:
    """Register an address where nothing listens, use it in each way, and remove it."""
    made = admin.client.post("/api/webhooks", json={"url": "http://127.0.0.1:9/"}).json()
    admin.client.get("/api/webhooks")
    path = f"/api/webhooks/{made['id']}"
    admin.client.post(f"{path}/test", json={})
    (kept, *_) = admin.client.get(f"{path}/deliveries").json()["items"]
    admin.client.post(f"{path}/deliveries/{kept['number']}/again", json={})
    for act in ("resume", "remove"):
        admin.client.post(f"{path}/{act}", json={})


def _use_mail_and_feeds(person: Actor, office: PostOffice) -> None:
    """Give an address, verify it, choose times, forget it; make feeds and end them."""
    client = person.client
    client.post("/api/mailbox", json={"address": "person@example.com"})
    letter = office.wait_for(lambda each: "code" in each["Subject"])
    (code,) = re.findall(r"[0-9]{8}", text_of(letter))
    client.post("/api/mailbox/verify", json={"code": code})
    choice = {"times": "daily", "quietFrom": "22:00", "quietTo": "07:00", "zone": "UTC"}
    client.post("/api/mailbox/settings", json=choice)
    client.post("/api/mailbox/remove", json={})
    client.post("/api/feeds", json={})
    client.post("/api/feeds/remove", json={})


def use_messages(admin: Actor, office: PostOffice) -> None:
    """Use every route of messages and of the organisation once, as an administrator."""
    _use_webhook(admin)
    _use_mail_and_feeds(admin, office)
    use_organisation(admin)
