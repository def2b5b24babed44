"""The stored form of every event, for ever."""

import json
from typing import Any

import pytest

from ledger.domain import entry, events
from ledger.domain.events import BODIES
from ledger.verify.auditor import Auditor
from tests.golden.make import DIRECTORY, golden_files

STORED = {
    path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
    for path in sorted(DIRECTORY.glob("*.json"))
}
EVENTS = sorted((each for tag in STORED.values() for each in tag), key=lambda e: e["position"])


def state_of(stored: dict[str, Any]) -> bytes:
    raw: bytes = stored["entry"].encode()
    salt, body = bytes.fromhex(stored["salt"]), stored["body"].encode()
    return len(raw).to_bytes(2, "big") + raw + salt + bytes(body)


def test_every_tag_has_a_golden_file_and_every_file_a_tag() -> None:
    assert set(STORED) == set(BODIES)


@pytest.mark.parametrize("stored", EVENTS, ids=lambda each: each["position"])
def test_a_stored_event_decodes_and_encodes_to_the_same_bytes(stored: dict[str, Any]) -> None:
    state = state_of(stored)
    event = events.decode(state)
    assert events.encode(event, salt=bytes.fromhex(stored["salt"])) == state
    assert entry.leaf_hash(state).hex() == stored["leaf"]


def test_the_golden_log_passes_the_audit() -> None:
    auditor = Auditor()
    for stored in EVENTS:
        auditor.add(stored["position"], state_of(stored), bytes.fromhex(stored["leaf"]))
    auditor.finish()
    assert auditor.position == len(EVENTS)


@pytest.mark.parametrize("name", golden_files())
def test_the_script_beside_them_makes_the_same_files(name: str) -> None:
    assert (DIRECTORY / name).read_text("utf-8") == golden_files()[name]
