"""What everybody may read of a server's health has nothing that is inner."""

import pytest

from ledger.http.probes import without_addresses


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "witness w1: peer_unreachable: http://10.0.0.7:9001/w: [Errno 111] Connection refused",
            "witness w1: peer_unreachable: [Errno 111] Connection refused",
        ),
        (
            "time-stamps: peer_unreachable: https://user:secret@tsa.internal/x: timed out",
            "time-stamps: peer_unreachable: timed out",
        ),
        ("the log cannot be read: storage_failed", "the log cannot be read: storage_failed"),
    ],
)
def test_a_reason_names_no_address(reason: str, told: str) -> None:
    assert without_addresses(reason) == told
