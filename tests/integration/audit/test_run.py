"""The auditor over a stored log: what it accepts, and at which position it refuses the rest.

`STORY` has events of every type; tests/support/event_names.py says how they are named.
"""

import copy
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.domain import entry, events
from ledger.domain.events import BODIES, LogFrozen
from ledger.errors import LedgerError
from ledger.store.sqlite.store import SqliteLog
from ledger.verify.auditor import AuditError, Auditor
from tests.support.event_names import positions
from tests.support.every_event import every_type
from tests.support.forgery import refusal, refusal_of_rows
from tests.support.ledgers import audit, rows
from tests.support.refusals import refused
from tests.support.states import without_triggers
from tests.support.writes import stored, write

STORY = every_type()
STATES = STORY.states
SIZE = len(STATES)
POSITIONS = range(1, SIZE + 1)
AT = positions(STORY)
# Events that nothing later depends on, so that their order is only the tree's to prove.
INDEPENDENT = {
    AT["statement-1 statement-signed 3"],
    AT["statement-3 statement-withdrawn"],
    AT["statement-6 outcome-reported 3"],
    AT["bob key-revoked"],
    AT["alice compromise-declared"],
    AT["carol person-suspended"],
    AT["ledger operator-invitations-cancelled"],
    SIZE,
}
# Later announcements name the log's size, and would show an event missing.
BEFORE_LOG_KEYS = AT["ledger log-keys-announced"] - 1
# Events that show as missing only at a later one: at a decision that names what it has seen of the
# stream, at the next event of the stream, or at the first event that needs the key or acceptance.
SHOWN_LATER = {
    AT["alice key-attested 2"]: AT["statement-1 statement-drafted"],
    AT["carol key-revoked"]: AT["carol person-suspended"],
    AT["statement-4 approval-retracted"]: AT["statement-4 statement-withdrawn-by-change"],
    AT["carol key-attested 2"]: AT["carol governance-accepted"],
    AT["alice key-reaffirmed"]: AT["statement-5 statement-drafted"],
    AT["dave governance-accepted"]: AT["change-104 statement-drafted"],
    AT["dave governance-accepted 2"]: AT["change-106 statement-signed"],
    AT["dave passkey-added 4"]: AT["ledger operator-invitations-cancelled"],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The story in a real log's file."""
    file = tmp_path / "log.sqlite"
    store = SqliteLog(file)
    for event, state in zip(STORY.events, STATES, strict=True):
        appended = stored(event.stream, event.version, state)
        store.append([write(event.stream, events=(appended,))])
    store.close()
    return file


def attacked(path: Path, script: str) -> tuple[int, str] | None:
    """Return what the audit says of the file after an attacker's SQL."""
    with closing(sqlite3.connect(path)) as raw, without_triggers(raw):
        raw.executescript(script)
    return refusal_of_rows(rows(path))


def test_a_log_with_every_type_of_event_is_accepted(path: Path) -> None:
    auditor = audit(rows(path))
    assert auditor.position == SIZE
    assert {event.body.TAG for event in STORY.events} == set(BODIES) - {LogFrozen.TAG}
    changes, others = (
        ["approved"] * 8,
        ["approved", "approved", "rejected", "superseded", "withdrawn", "withdrawn"],
    )
    assert sorted(each.status for each in auditor.statements.values()) == changes + others
    assert sorted(each.name for each in auditor.people.values()) == [
        "Alice Ångström",
        "Bob",
        "Carol",
        "Dave",
        f"Erased name ({UUID(int=5)!s:.8})",
    ]


def test_the_auditor_returns_each_event_as_it_was_recorded() -> None:
    auditor = Auditor()
    assert [auditor.add(n, state) for n, state in enumerate(STATES, 1)] == STORY.events


def test_an_empty_log_is_accepted() -> None:
    assert audit([]).position == 0


def flips(state: bytes) -> list[int]:
    """Return bits of the length, the entry, the salt and the body, spread over each."""
    start = len(entry.split(state)[0]) + 2
    offsets = [0, 1, *range(2, start, 10), start, start + 31, *range(start + 32, len(state), 97)]
    return [8 * offset + (7 * offset) % 8 for offset in offsets]


def flipped(state: bytes, bit: int) -> bytes:
    bad = bytearray(state)
    bad[bit // 8] ^= 1 << bit % 8
    return bytes(bad)


def auditor_before(position: int) -> Auditor:
    auditor = Auditor()
    for n in range(1, position):
        auditor.add(n, STATES[n - 1])
    return auditor


@pytest.mark.parametrize("position", POSITIONS)
def test_one_flipped_bit_of_a_stored_event_is_refused_at_its_position(position: int) -> None:
    state = STATES[position - 1]
    leaf = entry.leaf_hash(state)
    before = auditor_before(position)
    bits = flips(state)
    assert len(bits) > 25
    for bit in bits:
        with pytest.raises(AuditError) as caught:
            copy.deepcopy(before).add(position, flipped(state, bit), leaf)
        assert (caught.value.code, caught.value.evidence) == (
            "log_invalid",
            {"position": position},
        )


@pytest.mark.parametrize(
    "name",
    [
        "ledger ledger-created",
        "dave key-attested",
        "statement-1 statement-signed 2",
        "statement-3 statement-withdrawn",
        "alice compromise-declared",
    ],
)
def test_without_its_leaf_only_an_entrys_time_can_change_unseen(name: str) -> None:
    position = AT[name]
    state = STATES[position - 1]
    before = auditor_before(position)
    for bit in flips(state):
        try:
            event = copy.deepcopy(before).add(position, flipped(state, bit))
        except AuditError:
            continue
        known = STORY.events[position - 1]
        assert (event.body, event.stream, event.version) == (
            known.body,
            known.stream,
            known.version,
        )
        assert event.at != known.at


def test_a_leaf_that_is_not_the_entrys_is_refused() -> None:
    wrong = [(n, state, entry.leaf_hash(state)) for n, state in enumerate(STATES, 1)]
    wrong[6] = (7, STATES[6], entry.leaf_hash(STATES[7]))
    assert refusal_of_rows(wrong) == (7, "leaf_mismatch")


def test_an_entry_in_another_spelling_is_refused() -> None:
    raw, salt, body = entry.split(STATES[0])
    spaced = raw.replace(b'"seq":1', b'"seq": 1')
    state = len(spaced).to_bytes(2, "big") + spaced + salt + body
    assert refusal([state]) == (1, "entry_malformed")


@pytest.mark.parametrize("end", [0, 1, 40, 200, 260, -1])
def test_a_truncated_event_is_refused(end: int) -> None:
    states = [*STATES[:19], STATES[19][:end], *STATES[20:]]
    found = refusal(states)
    assert found is not None
    assert found[0] == 20


@pytest.mark.parametrize("garbage", [b"", b"\0", b"\xff" * 400, bytes(400), b"\x00\x02{}" * 99])
def test_garbage_is_refused(garbage: bytes) -> None:
    found = refusal([*STATES[:5], garbage])
    assert found is not None
    assert found[0] == 6


def test_a_removed_row_leaves_a_gap(path: Path) -> None:
    assert attacked(path, "DELETE FROM ev WHERE pos = 45") == (46, "position_gap")


def test_a_log_does_not_begin_in_the_middle(path: Path) -> None:
    assert attacked(path, "DELETE FROM ev WHERE pos = 1") == (2, "position_gap")


@pytest.mark.parametrize("position", sorted(set(POSITIONS) - INDEPENDENT))
def test_a_row_removed_and_the_rest_renumbered_is_refused(position: int) -> None:
    found = refusal(STATES[: position - 1] + STATES[position:])
    assert found is not None
    assert found[0] == SHOWN_LATER.get(position, position + 1) - 1


@pytest.mark.parametrize("position", sorted(set(POSITIONS) - INDEPENDENT - SHOWN_LATER.keys()))
def test_two_rows_that_changed_places_are_refused(position: int) -> None:
    swapped = list(STATES)
    swapped[position - 1 : position + 1] = STATES[position], STATES[position - 1]
    found = refusal(swapped)
    assert found is not None
    assert found[0] == position


def test_rows_swapped_in_the_file_are_refused(path: Path) -> None:
    draft = AT["change-102 statement-drafted"]
    with closing(sqlite3.connect(path)) as raw, without_triggers(raw):
        for was, becomes in ((draft - 1, 1000), (draft, draft - 1), (1000, draft)):
            raw.execute("UPDATE ev SET pos = ? WHERE pos = ?", (becomes, was))
            raw.execute("UPDATE body SET pos = ? WHERE pos = ?", (becomes, was))
        raw.commit()
    assert refusal_of_rows(rows(path)) == (draft, "change_torn")


@pytest.mark.parametrize("position", POSITIONS)
def test_a_row_that_is_there_twice_is_refused(position: int) -> None:
    found = refusal(STATES[:position] + STATES[position - 1 :])
    assert found is not None
    assert found[0] == position + 1
    at_the_end = refusal([*STATES, STATES[position - 1]])
    assert at_the_end is not None
    assert at_the_end[0] == SIZE + 1


def test_what_no_later_event_depends_on_only_the_tree_can_show_missing() -> None:
    for position in INDEPENDENT - {SIZE}:
        assert refusal(STATES[: position - 1] + STATES[position:BEFORE_LOG_KEYS]) is None


@pytest.mark.parametrize("who", ["dave", "bob", "carol"])
@pytest.mark.parametrize("tag", ["user-registered", "passkey-added", "key-attested"])
def test_a_log_does_not_end_inside_a_registration(who: str, tag: str) -> None:
    end = AT[f"{who} {tag}"]
    assert refusal(STATES[:end]) == (end, "unfinished")


@pytest.mark.parametrize(
    "last",
    [
        "ledger ledger-created",
        "dave user-named",
        "ledger invitation-issued",
        "bob user-named",
        "alice key-attested 2",
        "bob key-revoked",
    ],
)
def test_a_log_may_end_anywhere_else(last: str) -> None:
    assert refusal(STATES[: AT[last]]) is None


def test_the_first_event_that_is_wrong_is_the_one_that_is_named(path: Path) -> None:
    script = "UPDATE ev SET entry = x'00' WHERE pos IN (26, 20, 29)"
    assert attacked(path, script) == (20, "entry_malformed")


def test_an_audit_that_refused_goes_no_further() -> None:
    auditor = auditor_before(20)
    with refused(AuditError, "log_invalid"):
        auditor.add(21, STATES[20])
    assert auditor.position == 19


def test_every_stored_state_decodes_without_the_auditor() -> None:
    for state in STATES:
        events.decode(state)
    with pytest.raises(LedgerError):
        events.decode(STATES[0][:-1])
