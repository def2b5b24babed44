"""What somebody hears ends with their right to read it, and with the statement's erasure."""

from pathlib import Path

from ledger.data_files import MESSAGES_FILE
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.authenticator import Passkey
from tests.support.mailboxes import about, ask_for_code, until, verified
from tests.support.post_office import PostOffice, text_of
from tests.support.receiver import Receiver
from tests.support.recovering import open_link, recover, set_codes
from tests.support.server import Server
from tests.support.stored_tables import change, rows
from tests.support.webhooks import SETTINGS, deliveries, register

# All but the number, which the storage gives.
COLUMNS = (
    "id, channel, receiver, subject, kind, position, body, made_ms, due_ms, state, tries,"
    " tried_ms, said"
)


def test_messages_about_an_erased_statement_are_forgotten(
    company: Company, alice: Actor, receiver: Receiver
) -> None:
    webhook, _ = register(company.ada, receiver)
    drafted = alice.draft(policy=policy_of(1, alice))
    assert alice.approve(drafted).status_code == 201
    alice.draft(policy=policy_of(1, alice))
    receiver.wait_for_ids(4)
    about_it = {each.id for each in receiver.received if drafted.id.encode() in each.body}
    (about_other,) = {each.id for each in receiver.received} - about_it

    def kept() -> set[str]:
        return {each["id"] for each in deliveries(company.ada, webhook)}

    assert kept() >= about_it
    item = {"erase": {"statement": drafted.id, "status": "approved"}}
    erased = company.ada.change(item)
    assert erased.json()["status"] == "approved", erased.text
    assert until(lambda: not kept() & about_it)
    assert about_other in kept()

    def erasures() -> int:  # kept once the messages of before are forgotten
        sent = deliveries(company.ada, webhook)
        return len([each for each in sent if each["kind"] == "ledger.statement_erased"])

    assert until(lambda: erasures() == 1)
    company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={})


def test_an_erasure_that_the_outbox_skips_is_heard_all_the_same(
    tmp_path: Path, receiver: Receiver
) -> None:
    server = Server(tmp_path / "data", LEDGER_REGISTRATION="open", **SETTINGS)
    server.start()
    company = Company(server)

    def asked(query: str, *values: object) -> list[tuple[object, ...]]:
        return rows(server, query, *values, file=MESSAGES_FILE)

    def changed(query: str, *values: tuple[object, ...]) -> None:
        change(server, query, *values, file=MESSAGES_FILE)

    try:
        alice = company.person("Alice").register("creator")
        webhook, _ = register(company.ada, receiver)
        drafted = alice.draft(policy=policy_of(1, alice))
        assert alice.approve(drafted).status_code == 201
        receiver.wait_for_ids(3)
        query = f"SELECT {COLUMNS} FROM message WHERE subject = ? AND kind LIKE 'st%'"  # noqa: S608  # constants
        about_it = (query, drafted.id)
        assert until(lambda: len(asked(*about_it)) == 3)
        kept, (place,) = asked(*about_it), asked("SELECT position, leaf FROM outbox")
        item = {"erase": {"statement": drafted.id, "status": "approved"}}
        assert company.ada.change(item).json()["status"] == "approved"
        assert until(lambda: not asked(*about_it))
        server.stop()
        # As if the webhook had been resumed before the outbox reached the erasure.
        marks = ",".join("?" * len(kept[0]))
        changed(f"INSERT INTO message({COLUMNS}) VALUES({marks})", *kept)
        changed("UPDATE webhook SET since = 1000 WHERE id = ?", (webhook,))
        changed("UPDATE outbox SET position = ?, leaf = ?", place)
        assert len(asked(*about_it)) == 3
        server.start()
        assert until(lambda: not asked(*about_it))
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_an_address_is_forgotten_with_its_name_though_nobody_is_told_anything(
    tmp_path: Path, office: PostOffice
) -> None:
    settings = {"LEDGER_REGISTRATION": "open"} | SETTINGS | office.settings
    server = Server(tmp_path / "data", **settings)
    server.start()
    company = Company(server)

    def kept() -> int:
        query = "SELECT (SELECT count(*) FROM mailbox) + (SELECT count(*) FROM feed)"
        return int(rows(server, query, file=MESSAGES_FILE)[0][0])

    try:
        eve = company.person("Eve").register("investor")
        assert ask_for_code(eve, office, "eve@example.com")  # and she never types it
        assert eve.client.post("/api/feeds", json={}).status_code == 201
        for item in ({"deactivate": {"user": eve.user}}, {"erase": {"name": eve.user}}):
            changed = company.ada.change(item)
            assert changed.json()["status"] == "approved", changed.text
        assert until(lambda: kept() == 0)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_a_webhook_sends_nothing_that_its_owner_may_not_read_any_more(
    company: Company, alice: Actor, receiver: Receiver
) -> None:
    assert company.ada.invite("administrator", "for Cleo").status_code == 201
    cleo = company.person("Cleo").register("administrator", "for Cleo")
    granted = company.ada.change({"grant-role": {"user": cleo.user, "role": "auditor"}})
    assert granted.json()["status"] == "approved", granted.text
    webhook, _ = register(cleo, receiver)
    receiver.answer = lambda: (503, {"Retry-After": "3600"})
    hidden = alice.draft(policy=policy_of(1, alice), readers=[])

    def about_it() -> list[str]:  # an auditor is told of everybody's
        return [each.id for each in receiver.received if hidden.id.encode() in each.body]

    assert until(lambda: bool(about_it()))
    receiver.answer = lambda: (200, {})
    ended = company.ada.change({"end-role": {"user": cleo.user, "role": "auditor"}})
    assert ended.json()["status"] == "approved", ended.text
    (waits,) = [each for each in deliveries(cleo, webhook) if each["id"] == about_it()[0]]
    path = f"/api/webhooks/{webhook}/deliveries/{waits['number']}/again"
    assert cleo.client.post(path, json={}).status_code == 204

    def said() -> tuple[str, str]:
        (found,) = [each for each in deliveries(cleo, webhook) if each["id"] == waits["id"]]
        return found["state"], found["said"]

    assert until(lambda: said()[0] == "given_up")
    assert "may not read" in said()[1]
    assert not any(hidden.id.encode() in each.body for each in receiver.taken)
    company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={})


def test_a_recovery_is_told_to_its_person_and_to_administrators(
    company: Company, bob: Actor, office: PostOffice
) -> None:
    mine, ours = verified(bob, office), verified(company.ada, office)
    assert set_codes(bob).status_code == 201
    assert recover(bob, Passkey(origin=company.server.origin)).status_code == 201
    letter = office.wait_for(about(mine, "somebody is recovering your account"))
    assert "begins to work" in text_of(letter)
    assert "/account" in text_of(letter)
    told = office.wait_for(about(ours, "a person's account is being recovered"))
    assert f"/people/{bob.user}" in text_of(told)
    assert bob.name not in text_of(told)
    key = "a link for the way back"
    assert open_link(company.ada, bob, key).status_code == 201
    office.wait_for(about(mine, "a link to recover your account was opened"))
