"""What messages say, and how they are signed."""

import time
from base64 import b64decode
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ledger.domain.events import BODIES, ErasedEvent, StatementDrafted
from ledger.messages import retries
from ledger.messages.outline import Outline, every_kind, kind_of, kinds_of, message_id, webhook_body
from ledger.messages.signature import shown_secret, signed_headers

TOLD = Outline(
    "statement.drafted", "2026-11-29T06:00:00.000Z", "id", 7, b"\x01" * 32, "pending", "ab"
)
SECRET = bytes(range(32))


def test_every_event_has_a_kind_of_message() -> None:
    kinds = {
        kind_of(ErasedEvent(UUID(int=1), 1, "2026-11-29T06:00:00.000Z", tag)) for tag in BODIES
    }
    assert kinds <= {*every_kind()}
    assert {"statement.drafted", "person.passkey_added", "ledger.charter_set"} <= kinds
    assert all(kind.replace(".", "").replace("_", "").isalpha() for kind in every_kind())


def test_a_decision_that_ends_a_statement_has_a_second_kind() -> None:
    event = ErasedEvent(UUID(int=1), 2, "2026-11-29T06:00:00.000Z", "statement-signed.v1")
    assert kinds_of(event, "approved") == ["statement.approval", "statement.approved"]
    assert kinds_of(event, None) == ["statement.approval"]
    drafted = ErasedEvent(UUID(int=1), 1, "2026-11-29T06:00:00.000Z", StatementDrafted.TAG)
    assert kinds_of(drafted, "withdrawn") == ["statement.drafted"]


def test_an_id_is_the_same_again_and_differs_with_what_is_told_to_whom() -> None:
    first = message_id("ledger.example", TOLD, "webhook", "a")
    assert message_id("ledger.example", TOLD, "webhook", "a") == first
    others = [
        message_id("other.example", TOLD, "webhook", "a"),
        message_id("ledger.example", TOLD, "mail", "a"),
        message_id("ledger.example", TOLD, "webhook", "b"),
        *(
            message_id("ledger.example", told, "webhook", "a")
            for told in (
                Outline("statement.approval", TOLD.at, "id", 7, TOLD.leaf),
                Outline(TOLD.kind, TOLD.at, "id", 8, TOLD.leaf),
                Outline(TOLD.kind, TOLD.at, "id", 7, b"\x02" * 32),  # another log after a restore
            )
        ),
    ]
    assert len({first, *others}) == 7
    assert first.startswith("msg_")
    assert len(first) == 36


def test_a_body_names_a_statement_or_another_stream() -> None:
    assert webhook_body("ledger.example", TOLD) == (
        b'{"type":"statement.drafted","timestamp":"2026-11-29T06:00:00.000Z","data":'
        b'{"ledger":"ledger.example","position":7,"leaf":"' + b"01" * 32 + b'",'
        b'"statement":"id","status":"pending","sha256":"ab"}}'
    )
    other = Outline("person.key_attested", TOLD.at, "id", 7, TOLD.leaf)
    assert b'"stream":"id"' in webhook_body("ledger.example", other)


def test_the_library_of_standard_webhooks_verifies_and_refuses_one_changed_bit() -> None:
    body = webhook_body("ledger.example", TOLD)
    now_s = round(time.time())
    headers = signed_headers(SECRET, "msg_1", body, now_s=now_s)
    receiver = Webhook(shown_secret(SECRET))
    assert receiver.verify(body, headers)["type"] == "statement.drafted"
    for changed in (bytes([body[0] ^ 1]) + body[1:], body + b" "):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(changed, headers)
    with pytest.raises(WebhookVerificationError):
        receiver.verify(body, headers | {"webhook-id": "msg_2"})


def test_a_secret_is_shown_as_the_standard_has_it() -> None:
    shown = shown_secret(SECRET)
    assert shown.startswith("whsec_")
    assert b64decode(shown.removeprefix("whsec_")) == SECRET


def test_attempts_end_after_the_last_pause() -> None:
    pauses = (5, 300)
    assert retries.next_ms(pauses, 3, now_ms=0) is None
    for tries, pause_s in ((1, 5), (2, 300)):
        found = retries.next_ms(pauses, tries, now_ms=1_000)
        assert found is not None
        assert 0.8 * pause_s <= (found - 1_000) / 1_000 <= 1.2 * pause_s


def test_a_receiver_can_ask_for_a_longer_pause_of_a_day_at_most() -> None:
    assert retries.next_ms((5,), 1, now_ms=0, asked_s=600) == 600_000
    assert retries.next_ms((5,), 1, now_ms=0, asked_s=10**9) == 86_400_000
