"""What a statement's page offers to take away is there, and proves what it says."""

import re
from urllib.parse import urlsplit

import httpx

from ledger.domain.entry import entry_hash
from ledger.tlog.vkeys import parse_vkey
from tests.support.actor import Actor, policy_of
from tests.support.check import head, wait_for
from tests.support.proofs import verify_proof
from tests.support.server import Server

LINK = re.compile(r'<a[^>]* href="(/[^"]*)"')


def links(client: httpx.Client, page: str) -> list[str]:
    answer = client.get(page)
    assert answer.status_code == 200
    return sorted(set(LINK.findall(answer.text)))


def test_every_link_of_a_statements_page_leads_somewhere(
    alice: Actor, bob: Actor, server: Server
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    alice.approve(drafted)
    bob.approve(drafted)
    wait_for(server, head(server))
    found = links(alice.client, f"/statements/{drafted.id}")
    assert f"/api/statements/{drafted.id}/jws" in found
    for link in found:
        assert alice.client.get(link).status_code == 200, link


def test_the_receipt_of_a_decision_proves_its_place_in_the_log(
    alice: Actor, bob: Actor, server: Server
) -> None:
    drafted = alice.draft(policy=policy_of(1, bob))
    position = bob.approve(drafted).json()["position"]
    wait_for(server, head(server))
    found = links(alice.client, f"/statements/{drafted.id}")
    (receipt,) = (link for link in found if urlsplit(link).path.endswith("/proof"))
    raw = alice.client.get(receipt).content  # which waits until the entry is published
    announced = alice.client.get("/.well-known/ledger-keys").json()
    keys = [parse_vkey(each["vkey"]) for each in announced["logKeys"]]
    entry = alice.client.get(f"/log/entries/{position - 1}").content
    proved = verify_proof(raw, entry_hash(entry), keys, expected_origin=announced["ledger"])
    assert proved.index == position - 1
    assert b'"statement-signed.v1"' in entry
