"""The verifier of evidence: nothing that was changed in a bundle gets past it."""

import json
import random
from typing import Any, get_args
from uuid import UUID

import pytest

from ledger import clock
from ledger.domain import entry, events
from ledger.domain.events import Recorded
from ledger.errors import LedgerError
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.container import HEADS, MANIFEST, Mode
from ledger.verify.contents import read
from ledger.verify.exhibits import exhibits
from ledger.verify.report import VerificationReport
from tests.support.dossier import (
    AT,
    log_signer,
    rebundled,
)
from tests.vectors.conformance.flips import BESIDE, rearranged
from tests.vectors.evidence.cases import good
from tests.vectors.evidence.make import reported

NOW_MS = clock.to_ms(AT)


def outcomes(report: VerificationReport) -> dict[str, str]:
    return {check.name: check.outcome for check in report.checks}


def failure(report: VerificationReport) -> tuple[str, str | None, str]:
    found = next(check for check in report.checks if check.outcome == "failed")
    return found.name, found.code, found.says


def test_a_changed_byte_is_told_by_the_name_of_its_file() -> None:
    raw = good("statement")
    files = container.parse(raw)
    chance = random.Random(1)
    for name, held in files.items():
        for _ in range(3):
            place, bit = chance.randrange(len(held)), 1 << chance.randrange(8)
            changed = held[:place] + bytes([held[place] ^ bit]) + held[place + 1 :]
            whole = raw.replace(held, changed, 1) if len(held) > 99 else raw
            if whole != raw:
                check, code, says = failure(verify(whole, now_ms=NOW_MS))
                assert (check, code) == ("readable", "bundle_malformed")
            # The same of a directory, where no container notices.
            check, code, says = failure(verify(files | {name: changed}, now_ms=NOW_MS))
            assert check == "readable"
            assert code in ("file_changed", "manifest_malformed", "file_missing", "file_unlisted")
            assert name in says or name == MANIFEST


def test_a_changed_byte_anywhere_in_the_container_is_refused_as_unreadable() -> None:
    raw = good("redacted")
    names = container.parse(raw)
    chance = random.Random(2)
    told = tried = 0
    for place in [*range(0, len(raw), 7), *range(len(raw) - 60, len(raw))]:
        bit = 1 << chance.randrange(8)
        changed = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        report = verify(changed, now_ms=NOW_MS)
        check, code, says = failure(report)
        assert (check, report.verdict) == ("readable", "invalid")
        assert code in ("bundle_malformed", "bundle_name_invalid")
        # Only a name itself that was changed is told by what it is now.
        told += any(name in says for name in names) or "the end" in says
        tried += 1
        assert {*outcomes(report).values()} == {"failed", "skipped"}
    assert told > 0.9 * tried


@pytest.mark.parametrize("mode", get_args(Mode))
def test_no_file_can_be_changed_or_left_out_by_who_only_rewrites_the_manifest(mode: Mode) -> None:
    raw = good(mode)
    chance = random.Random(3)
    for name, held in container.parse(raw).items():
        if name in (MANIFEST, "README.txt"):  # the manifest is rebuilt, the text is not verified
            continue
        place = chance.randrange(len(held))
        changed = held[:place] + bytes([held[place] ^ 1 << chance.randrange(8)]) + held[place + 1 :]
        for content in (changed, held + b"\n", held[:-1], b"", None):
            report = reported(rebundled(raw, {name: content}), "given")
            # What is left out may be missing for a reason; what is other than it was is wrong.
            erased = content is None and name.startswith(("bodies/", "proofs/", HEADS))
            assert report.verdict == ("unverifiable" if erased else "invalid"), name


@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_member_that_is_removed_doubled_or_swapped_is_noticed(mode: Mode) -> None:
    for name, how, bundle in rearranged(mode):
        verdict = reported(bundle, "given").verdict
        proves_something = name not in {*BESIDE, "README.txt", "verify.html"}
        assert verdict in ("invalid", "unverifiable") or not proves_something, (name, how)
        assert verdict != "unverifiable" or how == "removed", (name, how)


@pytest.mark.parametrize("length", [0, 1, 22, 100, 1000, 40_000])
def test_garbage_is_unreadable(length: int) -> None:
    raw = random.Random(length).randbytes(length)
    for each in (raw, good("full")[:length], b"!" + raw + good("full"), b"PK\5\6" + raw):
        report = verify(each, now_ms=NOW_MS)
        assert report.verdict == "invalid"
        assert (report.mode, report.ledger, report.size, report.root) == (None, None, None, None)
        assert report.statements == ()


_JUNK: tuple[Any, ...] = (
    None, "", "x", "A" * 43, "....", "a.b.c", "é\u0000", -1, 0, 2**60, True, [], {}, ["x"],
    "00000000-0000-0000-0000-000000000001", "2026-11-21T03:04:05.678Z", "eyJhbGciOiJub25lIn0.e30.",
)  # fmt: skip


def mangled(value: Any, chance: random.Random) -> Any:
    """Return the value with one part of it, somewhere, being something else."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice([*value])
        if chance.random() < 0.1:
            return {key: each for key, each in value.items() if key != name}
        return value | {name: mangled(value[name], chance)}
    if isinstance(value, str) and value and chance.random() < 0.5:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice('Aa0.{}"-é') + value[place + 1 :]
    return chance.choice(_JUNK)


def hostile(chance: random.Random) -> bytes:
    """Return a bundle with one event rewritten, its commitment and all that follows made right."""
    files = container.parse(good("statement"))
    index = chance.choice([int(name[7:]) for name in files if name.startswith("bodies/")])
    body = json.dumps(mangled(json.loads(files[f"bodies/{index}"][32:]), chance)).encode()
    old = entry.parse_entry(files[f"entries/{index}"])
    tag = old.type if chance.random() < 0.9 else json.loads(files["entries/12"])["type"]
    stream = old.stream if chance.random() < 0.95 else UUID(int=0)
    sealed = entry.seal(at=old.at, seq=old.seq, stream=stream, tag=tag, body=body, salt=bytes(32))
    raw, salt, body = entry.split(sealed)
    changed = rebundled(
        good("statement"), {f"entries/{index}": raw, f"bodies/{index}": salt + body}
    )
    try:
        case = read(container.parse(changed))
        told = [Recorded(i + 1, events.decode(case.state(i))) for i in case.bodies]
    except LedgerError:
        return changed
    fresh: dict[str, bytes | None] = dict.fromkeys(case.exhibits)
    return rebundled(changed, fresh | exhibits(told, case.statements))


@pytest.mark.parametrize("seed", range(120))
def test_an_event_that_says_something_else_is_refused_and_breaks_nothing(seed: int) -> None:
    raw = hostile(random.Random(seed))
    report = verify(raw, expected_keys=[log_signer().key], now_ms=NOW_MS)
    # No proof leads from another entry to the root, so no other result of the events can save it.
    assert report.verdict == "invalid"
    assert outcomes(report)["entries"] in ("failed", "skipped")
