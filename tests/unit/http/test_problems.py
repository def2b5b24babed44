"""Refusals that last: no client is told to try again, and no outage fills the program's log."""

import logging

import pytest

from ledger.errors import LedgerError, UnavailableError
from ledger.http.problems import LASTING, STATUS, Warnings, retry_after
from ledger.http.refusal_page import refusal_page


@pytest.mark.parametrize("code", sorted(LASTING))
def test_nobody_is_told_to_try_again_where_only_the_operator_can_help(code: str) -> None:
    assert retry_after(503, 0, code) == []
    page = refusal_page(503, LedgerError(code, "broken")).decode()
    assert "ry again" not in page
    assert 'href="/"' in page


def test_a_client_that_can_be_helped_by_waiting_is_told_how_long() -> None:
    for status, code in ((503, "views_rebuilding"), (503, "storage_failed"), (429, "rate_limited")):
        ((name, value),) = retry_after(status, 0, code)
        assert (name, 1 <= int(value) <= 5) == ("Retry-After", True)
    assert "Try again" in refusal_page(503, LedgerError("server_busy", "full")).decode()
    assert all(retry_after(status) == [] for status in {*STATUS.values()} - {429, 503})


def test_an_outage_is_a_line_a_minute_and_not_one_a_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s = [1_000.0]
    warnings = Warnings(lambda: now_s[0])
    rebuilding = UnavailableError("views_rebuilding", "2 of 9 events so far")
    with caplog.at_level(logging.WARNING):
        for each in range(1_000):
            warnings.tell(rebuilding, f"id-{each}")
        warnings.tell(UnavailableError("storage_failed", "disk full"), "other")
        now_s[0] += Warnings.EVERY_S
        warnings.tell(rebuilding, "later")
    assert [record.getMessage() for record in caplog.records] == [
        "request id-0: unavailable: views_rebuilding: 2 of 9 events so far",
        "request other: unavailable: storage_failed: disk full",
        "request later: unavailable: views_rebuilding: 2 of 9 events so far"
        "; 999 more requests like it since the last line",
    ]


def test_a_warning_names_what_caused_it(caplog: pytest.LogCaptureFixture) -> None:
    failed = UnavailableError("storage_failed", "nothing was stored")
    failed.__cause__ = OSError("disk full")
    Warnings().tell(failed, "id")
    assert caplog.messages == [
        "request id: unavailable: storage_failed: nothing was stored (OSError('disk full'))"
    ]
