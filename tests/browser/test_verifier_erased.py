"""The offline verifier says the same of erased bodies as the verifier in Python."""

from typing import Any

import pytest

from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from tests.browser.offline import Verifier
from tests.support.dossier import bundle_of, log_signer, rebundled
from tests.unit.verify.test_erased import (
    CHANGE,
    FIRST,
    NOW_MS,
    SECOND,
    granted_by_what_is_erased,
    replaced,
)

KEY = log_signer().key
MODES: tuple[Mode, ...] = ("full", "redacted", "statement")


def told_there(raw: bytes) -> tuple[str, list[Any]]:
    report = verify(raw, expected_keys=[KEY], now_ms=NOW_MS)
    checks = [(each.name, each.outcome, each.code, each.position) for each in report.checks]
    return report.verdict, checks


def test_erased_bodies_are_verified_alike(verifier: Verifier) -> None:
    raws = [
        bundle_of(replaced(*erased).states, mode, shown, erases=True)
        for mode in MODES
        for erased, shown in (((3,), SECOND), ((3,), CHANGE), ((5,), CHANGE), ((3, 5), CHANGE))
    ]
    change = [n for n, each in enumerate(replaced(3).events) if str(each.stream) == CHANGE]
    draft = next(n for n, each in enumerate(replaced(3).events) if str(each.stream) == SECOND)
    raws += [rebundled(raws[8], {f"bodies/{n}": None for n in change})]
    raws += [rebundled(raws[8], {f"bodies/{draft}": None})]
    raws += [bundle_of(granted_by_what_is_erased().states, "full", CHANGE, erases=True)]
    kept = [bundle_of(replaced(3).states, mode, FIRST) for mode in MODES]
    for raw in [*raws, *kept]:
        report = verifier.check(raw, KEY.vkey)
        here = [
            (each["name"], each["outcome"], each["code"], each["position"])
            for each in report["checks"]
        ]
        verdict, there = told_there(raw)
        assert (report["verdict"], here) == (verdict, there)
    assert [told_there(each)[0] for each in raws[-3:]] == [
        "unverifiable",
        "unverifiable",
        "invalid",
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_version_of_an_erased_statement_is_shown_as_approved(
    verifier: Verifier, mode: Mode
) -> None:
    raw = bundle_of(replaced(3).states, mode, SECOND, erases=True)
    report = verifier.check(raw, KEY.vkey)
    assert (report["verdict"], report["statements"][0]["status"]) == ("verified", "approved")
