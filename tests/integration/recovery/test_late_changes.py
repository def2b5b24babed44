"""After a restore from before an erasure, a newer copy has the acts that erase again."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from ledger.audit.source import AuditedLog
from ledger.domain import events
from ledger.domain.events import StatementSigned
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.ledger_acts import KeptTree
from ledger.errors import ConflictError, CorruptError
from ledger.recovery import late_changes
from ledger.recovery.erased_later import NewerCopies, from_copies, require_none
from ledger.recovery.late_changes import LateChanges, acts_of
from ledger.store.engines import address_of, audited_log, copies, open_log
from ledger.store.log import Log
from tests.support.changes import governors
from tests.support.chronicle import about
from tests.support.erasing import approved, erase, name_of
from tests.support.ledgers import Cast, Process, drafted_change, know_everybody, settled
from tests.support.refusals import refused
from tests.support.states import without_triggers


class Copies(NamedTuple):
    """A backup, the process of the newer log, a statement in both, and the backup's size."""

    backup: Path
    process: Process
    raw: bytes
    size: int

    def found(self) -> NewerCopies:
        return from_copies((), self.process.store.address, self.size, self.backup)

    def possible(self, found: NewerCopies) -> LateChanges:
        kept, now_ms = KeptTree(self.size, "00" * 32), self.process.time.ms + 60_000
        return late_changes.possible(address_of(self.backup), found.changes, kept, now_ms=now_ms)


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def logs(cast: Cast, tmp_path: Path) -> Iterator[Copies]:
    newer, backup = tmp_path / "newer", tmp_path / "backup"
    process = Process(cast.copy(newer), cast.time)
    know_everybody(process, cast)
    try:
        raw = asyncio.run(approved(process, cast))
        backup.mkdir()
        copies().copy_all(newer, backup)
        yield Copies(backup, process, raw, process.store.head().sealed)
    finally:
        process.close()


def change(logs: Copies, cast: Cast, *items: dict[str, Any], **more: Any) -> None:
    asyncio.run(logs.process.change(cast.dave, *items, **more))


def tags(decided: LateChanges) -> list[str]:
    return [each.body.TAG for commit in decided.commits for each in commit.events]


def test_the_acts_of_the_newer_log_erase_again(logs: Copies, cast: Cast) -> None:
    change(logs, cast, erase(logs.raw))
    found = logs.found()
    decided = logs.possible(found)
    assert decided.refused == {}
    assert tags(decided) == ["statement-drafted.v1", "statement-signed.v1", "bodies-erased.v1"]
    (commit,) = decided.commits
    assert (commit.change, commit.approvals) == (found.erased[0].change, 1)
    assert all(each.body.late for each in commit.events[:2])  # type: ignore[union-attr]


def test_an_act_that_does_not_fit_its_leaf_is_not_taken_from_a_copy(
    logs: Copies, cast: Cast
) -> None:
    change(logs, cast, erase(logs.raw))
    found = logs.found()
    (name,), address = found.changes, logs.process.store.address
    with closing(sqlite3.connect(address)) as db, without_triggers(db):
        told = """UPDATE ev SET entry = CAST(replace(entry, '"at":"2', '"at":"1') AS BLOB)
            WHERE stream = ? AND version = 2"""
        db.execute(told, (UUID(name).bytes,))
    with closing(audited_log(address).open()) as rows, refused(CorruptError, "leaf_mismatch"):
        acts_of(rows, name, found.erased[0].position)


def test_nothing_is_recorded_late_without_a_restore(logs: Copies, cast: Cast) -> None:
    change(logs, cast, erase(logs.raw))
    acts, address = logs.found().changes, address_of(logs.backup)
    now_ms = logs.process.time.ms + 60_000
    with (
        closing(Log(open_log(address))) as log,
        refused(ConflictError, "late_refused"),
    ):
        late_changes.record(log, address, acts, now_ms=now_ms)


def test_a_change_that_does_more_is_refused_with_the_reason(logs: Copies, cast: Cast) -> None:
    change(logs, cast, erase(logs.raw), {"hold": {"name": cast.bob.user}})
    found = logs.found()
    decided = logs.possible(found)
    assert decided.commits == []
    (why,) = decided.refused.values()
    assert "late_refused" in why
    with refused(ConflictError, "erasures_return"):
        require_none(found, brings_back=False)


def test_one_change_that_is_refused_keeps_no_other_back(logs: Copies, cast: Cast) -> None:
    later = asyncio.run(approved(logs.process, cast))
    change(logs, cast, erase(later))  # the backup does not have this statement
    change(logs, cast, erase(logs.raw))
    found = logs.found()
    assert [each.id for each in found.erased] == [name_of(logs.raw)]
    both = {"00000000-0000-4000-8000-00000000dead": ()} | found.changes
    kept = KeptTree(logs.size, "00" * 32)
    decided = late_changes.possible(
        address_of(logs.backup), both, kept, now_ms=logs.process.time.ms + 60_000
    )
    assert len(decided.commits) == 1
    assert list(decided.refused) == ["00000000-0000-4000-8000-00000000dead"]


def test_what_two_copies_erased_is_erased_once(logs: Copies, cast: Cast, tmp_path: Path) -> None:
    """After an earlier restore, people erased again what they had erased before it."""
    other = tmp_path / "other"
    other.mkdir()
    copies().copy_all(logs.backup, other)
    again = Process(other, cast.time)
    know_everybody(again, cast)
    change(logs, cast, erase(logs.raw))
    cast.time.ms += 2000
    with closing(again):
        asyncio.run(again.change(cast.dave, erase(logs.raw)))
        found = from_copies((), again.store.address, logs.size, logs.backup)
    both = NewerCopies(changes=logs.found().changes | found.changes)
    first, second = both.changes
    decided = logs.possible(both)
    assert [each.change for each in decided.commits] == [first]
    assert "change_no_effect" in decided.refused[second]


def test_what_a_copy_forged_is_refused(logs: Copies, cast: Cast) -> None:
    """An operator puts an approval of another change in the place of one that is missing."""
    change(logs, cast, erase(logs.raw))
    found = logs.found()
    ((name, acts),) = found.changes.items()
    other = {"hold": {"name": cast.bob.user}}
    change(logs, cast, other)
    with closing(audited_log(logs.process.store.address).open()) as rows:
        foreign = _newest_approval(rows)
    for forged in ((acts[0], foreign), acts[:1], (acts[0], acts[0]), (acts[1],), ()):
        decided = logs.possible(found.__class__(changes={name: tuple(forged)}))
        assert (decided.commits, [*decided.refused]) == ([], [name]), forged


def _newest_approval(rows: AuditedLog) -> bytes:
    states = [row[4] for row in rows.events(0, rows.newest()) if isinstance(row[4], bytes)]
    found = [each for each in states if b"statement-signed.v1" in each]
    return found[-1]


def test_an_approval_that_was_taken_back_is_no_act_of_the_change(logs: Copies, cast: Cast) -> None:
    """The statement here is no change; what is left out is the same."""
    two = {"policy": {"threshold": 2, "of": ["role:investor", f"user:{cast.dave.user}"]}}
    process = logs.process
    raw = asyncio.run(process.draft(cast.alice, **two))
    stream = name_of(raw)
    asyncio.run(process.commands.sign(stream, cast.bob.shared(raw), None))
    before = process.store.head().sealed
    cast.time.ms += 2000
    act = cast.bob.act("retract", **about(raw), reason="No.")
    asyncio.run(process.commands.retract(stream, act, None))
    with closing(audited_log(process.store.address).open()) as rows:
        signed = acts_of(rows, stream, before + 1)
        left = acts_of(rows, stream, process.store.head().sealed + 1)
    assert isinstance(events.decode(signed[-1]).body, StatementSigned)
    assert (len(signed), len(left)) == (2, 1)


def test_a_lost_retraction_makes_no_later_approval_one_too_many(
    logs: Copies, cast: Cast, tmp_path: Path
) -> None:
    """What the backup has completes the change sooner than it was completed then."""
    process, three = logs.process, (cast.dave, cast.bob, cast.carol)
    two = {"threshold": 2, "of": [f"user:{each.user}" for each in three]}
    stated = {"policy": two, "was": policy_digest(FOUNDING), "people": governors(*three)}
    change(logs, cast, {"set-governance": stated}, accepted_by=three[1:])
    drafted = drafted_change(cast.bob, erase(logs.raw), governance=two)
    asyncio.run(process.people.changes.make(drafted))
    raw = drafted.document.encode()
    stream = name_of(raw)
    backup = tmp_path / "further"
    backup.mkdir()
    copies().copy_all(Path(process.store.address).parent, backup)
    logs = logs._replace(backup=backup, size=process.store.head().sealed)
    cast.time.ms += 2000
    act = cast.bob.act("retract", **about(raw), reason="No.")
    asyncio.run(process.commands.retract(stream, act, cast.bob.confirm(act)))
    for each in (cast.dave, cast.carol):
        jws = each.shared(raw)
        asyncio.run(process.commands.sign(stream, jws, each.confirm(jws)))
    decided = logs.possible(logs.found())
    assert decided.refused == {}
    assert tags(decided) == ["statement-signed.v1", "bodies-erased.v1"]


def test_a_change_whose_acts_the_copy_lost_is_refused(logs: Copies, cast: Cast) -> None:
    change(logs, cast, erase(logs.raw))
    name = logs.found().erased[0].change
    with (
        closing(sqlite3.connect(logs.process.store.address)) as raw,
        without_triggers(raw),
    ):
        raw.execute("DELETE FROM ev WHERE tag = 'statement-signed.v1' AND pos > ?", (logs.size,))
        raw.commit()
    decided = logs.possible(logs.found())
    assert (decided.commits, [*decided.refused]) == ([], [name])
