"""What the auditor says of a restore; the offline verifier decides the same cases."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import events
from ledger.domain.charter import Charter
from ledger.domain.events import Event, LedgerCreated, LedgerRestored, encode
from ledger.domain.ledger_acts import KeptTree
from ledger.errors import LedgerError
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.auditor import AuditError, Auditor
from ledger.verify.bundle import verify
from ledger.verify.report import VerificationReport
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of
from tests.support.every_event import every_type
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


def changed_bundle(kind: type[events.Body], **members: Any) -> VerificationReport:
    """Return the report of a log with a restore in which an event of this kind differs."""
    told = every_type(end=True)
    states = list(told.states)
    at = next(n for n, each in enumerate(told.events) if isinstance(each.body, kind))
    body = msgspec.structs.replace(told.events[at].body, **members)
    states[at] = encode(msgspec.structs.replace(told.events[at], body=body), salt=bytes(32))
    return verify(bundle_of(states, "full", statement_id(1)), now_ms=1_800_000_000_000)


def entries_code(report: VerificationReport) -> tuple[str, str | None]:
    (found,) = [each for each in report.checks if each.name == "entries"]
    return report.verdict, found.code


def test_a_restore_that_keeps_more_than_the_log_has_is_refused() -> None:
    kept = KeptTree(2**40, "00" * 32)
    assert entries_code(changed_bundle(LedgerRestored, kept=kept)) == ("invalid", "root_mismatch")


def test_what_a_restore_kept_is_compared_also_where_the_founding_is_malformed() -> None:
    assert entries_code(changed_bundle(LedgerCreated, act="x")) == ("invalid", "root_mismatch")
