"""When mail is due, and what a letter says."""

import msgspec
import pytest
from msgspec.structs import replace

from ledger import clock
from ledger.messages.letters import LetterItem, LetterWriter, letter
from ledger.messages.mail_hearing import wants
from ledger.messages.mail_times import due_ms
from ledger.pages.texts import texts_in
from ledger.store.ports.messages import Mailbox, Message

BOX = Mailbox("p" * 36, "bob@example.com", 1, "", b"", 0, 0, 0, bytes(16))
SENDER = LetterWriter("https://ledger.example", "Ledger", "ledger@example.com")


def at(time: str) -> int:
    return clock.to_ms(f"2026-11-29T{time}:00.000Z")


@pytest.mark.parametrize(
    ("now", "quiet", "zone", "due"),
    [
        ("12:00", (0, 0), "UTC", "12:00"),
        ("12:00", (11 * 60, 13 * 60), "UTC", "13:00"),
        ("13:00", (11 * 60, 13 * 60), "UTC", "13:00"),
        ("23:00", (22 * 60, 23 * 60 + 30), "UTC", "23:30"),
        ("05:00", (22 * 60, 7 * 60), "UTC", "07:00"),
        ("12:00", (22 * 60, 7 * 60), "UTC", "12:00"),
        ("05:30", (22 * 60, 7 * 60), "Europe/Berlin", "06:00"),
        ("06:30", (22 * 60, 7 * 60), "Europe/Berlin", "06:30"),
    ],
)
def test_mail_waits_for_the_end_of_the_quiet_hours(
    now: str, quiet: tuple[int, int], zone: str, due: str
) -> None:
    box = replace(BOX, quiet_from=quiet[0], quiet_to=quiet[1], zone=zone)
    assert due_ms(box, now_ms=at(now), is_urgent=False) == at(due)
    assert due_ms(box, now_ms=at(now), is_urgent=True) == at(now)


def test_the_days_mail_comes_at_eight_where_the_person_is() -> None:
    box = replace(BOX, times="daily", zone="America/New_York")
    assert due_ms(box, now_ms=at("12:00"), is_urgent=False) == at("13:00")
    later = due_ms(box, now_ms=at("13:00"), is_urgent=False)
    assert later == at("13:00") + 86_400_000


@pytest.mark.parametrize("zone", ["Nowhere/Gone", "../etc/passwd", ""])
def test_a_zone_that_is_gone_is_utc(zone: str) -> None:
    box = replace(BOX, quiet_from=11 * 60, quiet_to=13 * 60, zone=zone)
    assert due_ms(box, now_ms=at("12:00"), is_urgent=False) == at("13:00")


def test_only_mail_about_ones_own_keys_cannot_be_refused() -> None:
    box = replace(BOX, times="security")
    assert not wants(box, "waiting")
    assert wants(box, "passkey")
    assert wants(replace(BOX, times="daily"), "waiting")


def message(name: str, item: LetterItem) -> Message:
    return Message(name, "mail", "p", "s", item.kind, 1, msgspec.json.encode(item), 0, 0)


def test_several_messages_are_one_letter_with_the_id_of_the_first() -> None:
    items = [
        LetterItem(
            "waiting", "2026-11-29T06:00:00.000Z", "id-1", ends_at="2026-12-24T06:00:00.000Z"
        ),
        LetterItem("decided", "2026-11-29T06:00:00.000Z", "id-2", status="rejected"),
    ]
    made = letter(
        SENDER, BOX, [message(f"msg_{n}", each) for n, each in enumerate(items)], texts_in, now_ms=0
    )
    assert made["Subject"] == "Ledger: 2 messages"
    assert made["Message-ID"] == "<msg_0@example.com>"
    part = made.get_body(("plain",))
    assert part is not None
    shown = str(part.get_content())
    assert "It ends 24 Dec 2026, 06:00 UTC." in shown
    assert "https://ledger.example/statements/id-2" in shown
    assert b"\r\n" in bytes(made)


def test_no_value_begins_another_header() -> None:
    item = LetterItem("code", "2026-11-29T06:00:00.000Z", code="1", address="a@b\r\nBcc: eve@c")
    with pytest.raises(ValueError, match=r"CR or LF|carriage|linefeed"):
        letter(SENDER, None, [message("msg_1", item)], texts_in, now_ms=0)
    bad = LetterWriter("https://ledger.example", "Ledger\nBcc: eve@c", "ledger@example.com")
    with pytest.raises(ValueError, match=r"CR or LF|carriage|linefeed"):
        letter(
            bad,
            BOX,
            [message("msg_1", LetterItem("key", "2026-11-29T06:00:00.000Z"))],
            texts_in,
            now_ms=0,
        )


def test_a_letter_is_in_the_language_that_its_reader_chose_and_in_seven_bits() -> None:
    item = LetterItem("decided", "2026-11-29T06:00:00.000Z", "id-1", status="approved")
    box = replace(BOX, language="de")
    made = letter(SENDER, box, [message("msg_1", item)], texts_in, now_ms=0)
    assert made["Subject"] == "Ledger: neuer Status eines Vorgangs: freigegeben"
    assert made["Content-Language"] == "de"
    plain, page = (made.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    assert (
        "Sie bekommen das, weil Sie diese Adresse bei https://ledger.example bestätigt haben."
        in (str(plain.get_content()))
    )
    assert '<html lang="de">' in str(page.get_content())
    assert bytes(made).isascii()


def test_a_letter_to_an_address_without_a_mailbox_names_its_own_language() -> None:
    item = LetterItem("code", "2026-11-29T06:00:00.000Z", code="1", address="a@b", language="de")
    made = letter(SENDER, None, [message("msg_1", item)], texts_in, now_ms=0)
    assert made["Subject"] == "Ledger: ein Code für Ihre Adresse"


@pytest.mark.parametrize("tag", ["", "tlh", "../de", "de\r\nBcc: eve@c"])
def test_a_language_that_there_is_not_is_english(tag: str) -> None:
    item = LetterItem("key", "2026-11-29T06:00:00.000Z")
    made = letter(SENDER, replace(BOX, language=tag), [message("msg_1", item)], texts_in, now_ms=0)
    assert made["Content-Language"] == "en"
    assert made["Subject"] == "Ledger: a signing key was added to your account"
