"""What the auditor says of a restore; the offline verifier decides the same cases."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import events
from ledger.domain.charter import Charter
from ledger.domain.events import Event, LedgerRestored, encode
from ledger.errors import LedgerError
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.auditor import AuditError, Auditor
from tests.support.signers import LEDGER
from tests.vectors.restores.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
CASES: list[dict[str, Any]] = FOUND["cases"]


def state(shown: dict[str, Any]) -> bytes:
    body = msgspec.convert(shown["body"], events.BODIES[shown["type"]])
    event = Event(UUID(shown["stream"]), shown["version"], shown["at"], body)
    return encode(event, salt=bytes(32))


def audited(case: dict[str, Any]) -> Auditor:
    auditor = Auditor()
    for shown in (*FOUND["stories"][case["story"]], case["event"]):
        auditor.add(shown["position"], state(shown))
    return auditor


def charter_of(name: str) -> Charter:
    (case,) = [each for each in CASES if each["name"] == name]
    found = audited(case).charter
    assert found is not None
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_case(case: dict[str, Any]) -> None:
    if case["code"] is None:
        assert audited(case).position == case["event"]["position"]
        return
    with pytest.raises(AuditError) as caught:
        audited(case)
    cause = caught.value.__cause__
    assert isinstance(cause, LedgerError)
    assert (cause.code, caught.value.evidence["position"]) == (
        case["code"],
        case["event"]["position"],
    )


def test_every_code_of_a_restore_has_a_case() -> None:
    assert {case["code"] for case in CASES} >= {"restore_refused", "restore_misplaced", None}


def test_a_restore_begins_another_origin_with_keys_of_its_own() -> None:
    charter = charter_of("what is lost is unknown")
    assert (charter.ledger, charter.log_origin, charter.epoch) == (LEDGER, f"{LEDGER}/1", 1)
    assert [charter.origin_of(size) for size in (1, 2, 3, 100)] == [
        LEDGER,
        LEDGER,
        f"{LEDGER}/1",
        f"{LEDGER}/1",
    ]
    for size, names in ((2, {LEDGER}), (3, {f"{LEDGER}/1"})):
        keys = [key for key in charter.log_keys if key.signs(size)]
        assert {parse_vkey(key.vkey).name for key in keys} == names
    (restored,) = charter.restorations
    assert (restored.position, restored.kept.size, restored.lost) == (3, 2, "unknown")


def test_a_ledger_without_a_restore_has_its_own_name_as_its_logs_origin() -> None:
    auditor = Auditor()
    for shown in FOUND["stories"][0]:
        auditor.add(shown["position"], state(shown))
    assert auditor.charter is not None
    assert auditor.charter.log_origin == auditor.charter.origin_of(1) == LEDGER
    assert (auditor.charter.epoch, auditor.charter.restorations) == (0, ())


def test_a_second_restore_continues_the_history_of_origins() -> None:
    charter = charter_of("a second restore begins a second epoch")
    assert [charter.origin_of(size) for size in (2, 3, 4)] == [LEDGER, f"{LEDGER}/1", f"{LEDGER}/2"]


@pytest.mark.parametrize(
    "change", [{"lost": "all"}, {"lost": {"size": 9}}, {"kept": {"size": 2}}, {"lost": 9}]
)
def test_a_restore_of_another_shape_is_no_event(change: dict[str, Any]) -> None:
    body = CASES[0]["event"]["body"] | change
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, LedgerRestored)
