"""A monitor believes a signed tree that extends the last one; everything else is an alarm."""

from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from ledger.tlog import checkpoint, compare
from ledger.tlog.vkeys import NoteSigner, generate
from ledger.tlog.witness_policy import parse_policy
from ledger.verify.watch import (
    Remembered,
    Watched,
    Watcher,
    consistency_answer,
    watch,
)
from tests.support.static_log import StaticLog, entries_of
from tests.support.trees import NOW_S

ORIGIN = "ledger.example.com/a"
SIGNERS = generate(ORIGIN)
KEYS = [signer.key for signer in SIGNERS]
WITNESS = generate("w.example.com", cosigner=True)[0]
POLICY = parse_policy(f"witness w {WITNESS.key.vkey}\nquorum w\n".encode())
NOWHERE = Path("/nonexistent")
LOG = StaticLog(NOWHERE, entries_of(1000), SIGNERS)
OTHER = StaticLog(NOWHERE, [*entries_of(300), *entries_of(700, kind="other")], SIGNERS)


def remembered(size: int, log: StaticLog = LOG, *, seen_s: int = NOW_S) -> Remembered:
    return Remembered(log.tree.note(size).decode(), seen_s)


def looked(
    size: int,
    before: Remembered | None = None,
    *,
    log: StaticLog = LOG,
    watcher: Watcher | None = None,
    note: bytes | None = None,
    now_s: int = NOW_S,
) -> Watched:
    shown = log.tree.note(size) if note is None else note
    return watch(shown, before, watcher or Watcher(KEYS), log.tile, now_s=now_s)


def codes(found: Watched) -> list[str]:
    return [each.code for each in found.alarms]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 1000])
def test_the_first_signed_tree_is_believed(size: int) -> None:
    found = looked(size)
    assert (found.tree, codes(found)) == (LOG.tree.at(size), [])
    assert found.remember is not None


@pytest.mark.parametrize(("old", "new"), [(0, 1), (1, 1000), (256, 257), (511, 1000), (999, 1000)])
def test_a_tree_that_extends_the_last_one_is_believed(old: int, new: int) -> None:
    found = looked(new, remembered(old))
    assert codes(found) == []
    assert found.remember is not None
    assert found.remember.checkpoint.split("\n")[1] == str(new)


def test_the_same_tree_keeps_the_time_at_which_it_was_first_seen() -> None:
    found = looked(300, remembered(300, seen_s=NOW_S - 77))
    assert found.remember is not None
    assert (found.remember.seen_s, codes(found)) == (NOW_S - 77, [])


def test_fewer_entries_than_before_are_a_rollback_and_are_not_believed() -> None:
    found = looked(255, remembered(256))
    assert (codes(found), found.remember) == (["log_rolled_back"], None)


def test_two_trees_of_one_size_are_a_fork() -> None:
    found = looked(500, remembered(500), log=OTHER)
    assert (codes(found), found.remember, found.proof) == (["log_forked"], None, None)


@pytest.mark.parametrize(("old", "new"), [(301, 1000), (512, 513), (999, 1000)])
def test_a_larger_tree_that_does_not_extend_the_last_one_is_a_fork_that_others_can_verify(
    old: int, new: int
) -> None:
    found = looked(new, remembered(old), log=OTHER)
    assert (codes(found), found.remember) == (["log_forked"], None)
    assert found.proof is not None
    notes = LOG.tree.note(old), OTHER.tree.note(new)
    proved = compare.compare(*notes, KEYS, expected_origin=ORIGIN, proof=found.proof)
    assert proved.outcome == "forked"
    assert b'"fromRoot"' in consistency_answer(LOG.tree.at(old), OTHER.tree.at(new), found.proof)


def test_a_tree_with_a_common_beginning_only_is_no_fork_before_they_part() -> None:
    assert codes(looked(1000, remembered(300), log=OTHER)) == []


def test_tiles_that_do_not_lead_to_the_signed_root_prove_no_fork() -> None:
    found = watch(LOG.tree.note(1000), remembered(500), Watcher(KEYS), OTHER.tile, now_s=NOW_S)
    assert (codes(found), found.remember) == (["root_mismatch"], None)


def test_tiles_that_cannot_be_read_are_no_news() -> None:
    def unreachable(level: int, n: int, wide: int) -> bytes:
        raise UnavailableError("download_failed", "404")

    found = watch(LOG.tree.note(1000), remembered(500), Watcher(KEYS), unreachable, now_s=NOW_S)
    assert (codes(found), found.remember) == (["download_failed"], None)


@pytest.mark.parametrize(
    ("note", "code"),
    [
        (b"", "note_malformed"),
        (LOG.tree.note(7).replace(b"\n7\n", b"\n8\n"), "note_signature_invalid"),
        (
            LOG.tree.note(7).replace(b"example.com/a\n7", b"example.com/b\n7"),
            "note_origin_mismatch",
        ),
        (StaticLog(NOWHERE, entries_of(7), generate(ORIGIN)).tree.note(7), "note_unsigned"),
    ],
)
def test_what_no_given_key_signed_is_not_believed(note: bytes, code: str) -> None:
    found = looked(7, note=note)
    assert (codes(found), found.tree, found.remember) == ([code], None, None)


@pytest.mark.parametrize("signer", SIGNERS)
def test_each_given_key_must_have_signed(signer: NoteSigner) -> None:
    note = checkpoint.sign(LOG.tree.at(7), [signer], now_s=NOW_S)
    found = looked(7, note=note)
    assert codes(found) == ["log_key_unsigned"]
    assert found.remember is not None
    assert codes(looked(7, note=note, watcher=Watcher([signer.key]))) == []


def test_a_missing_witness_is_an_alarm_and_a_present_one_is_none() -> None:
    watcher = Watcher(KEYS, POLICY)
    assert codes(looked(7, watcher=watcher)) == ["witnesses_missing"]
    line = checkpoint.sign_lines(LOG.tree.at(7), [WITNESS], now_s=NOW_S)
    assert codes(looked(7, watcher=watcher, note=LOG.tree.note(7) + line)) == []
    forged = checkpoint.sign_lines(LOG.tree.at(8), [WITNESS], now_s=NOW_S)
    found = looked(7, watcher=watcher, note=LOG.tree.note(7) + forged)
    assert codes(found) == ["note_signature_invalid"]


def test_a_time_that_is_too_old_is_stale_whether_the_log_or_a_witness_signed_it() -> None:
    watcher = Watcher(KEYS, None, max_age_s=3600)
    assert codes(looked(7, watcher=watcher, now_s=NOW_S + 3600)) == []
    found = looked(7, watcher=watcher, now_s=NOW_S + 3601)
    assert codes(found) == ["checkpoint_stale"]
    assert found.remember is not None
    line = checkpoint.sign_lines(LOG.tree.at(7), [WITNESS], now_s=NOW_S + 3000)
    witnessed = Watcher(KEYS, POLICY, max_age_s=3600)
    note = LOG.tree.note(7) + line
    assert codes(looked(7, watcher=witnessed, note=note, now_s=NOW_S + 3601)) == []


def test_a_log_without_signed_times_is_stale_by_the_watchers_own_memory() -> None:
    watcher = Watcher(KEYS[:1], None, max_age_s=3600)
    note = checkpoint.sign(LOG.tree.at(7), SIGNERS[:1], now_s=NOW_S)
    before = Remembered(note.decode(), NOW_S)
    assert codes(looked(7, watcher=watcher, note=note, now_s=NOW_S + 9000)) == []
    found = looked(7, before, watcher=watcher, note=note, now_s=NOW_S + 3601)
    assert codes(found) == ["checkpoint_stale"]


def test_a_time_in_the_future_is_not_taken_for_fresh() -> None:
    assert codes(looked(7, now_s=NOW_S - 300)) == []
    found = looked(7, now_s=NOW_S - 301)
    assert (codes(found), found.remember) == (["time_ahead"], None)


def test_a_log_that_a_restore_gave_another_origin_goes_on_under_its_new_keys() -> None:
    later = generate(f"{ORIGIN}/1")
    restored = StaticLog(NOWHERE, entries_of(1000), later)
    both = Watcher([*KEYS, *(signer.key for signer in later)])
    assert codes(looked(1000, remembered(500), log=restored, watcher=both)) == []
    assert codes(looked(1000, remembered(500), log=restored)) == ["note_origin_mismatch"]
