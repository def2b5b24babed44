"""Records of TLS are counted however they are cut into pieces."""

import pytest

from ledger.http.tls_records import EMPTY_RECORDS, RecordCount


def record(content: bytes) -> bytes:
    return b"\x17\x03\x03" + len(content).to_bytes(2, "big") + content


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 27, 4_096])
@pytest.mark.parametrize("length", [0, 1, 22, 16_640])
def test_records_are_counted_in_pieces_of_any_size(piece: int, length: int) -> None:
    records = RecordCount()
    sent = record(bytes(length)) * EMPTY_RECORDS
    for at in range(0, len(sent), piece):
        records.receive(memoryview(sent[at : at + piece]))
    assert not records.is_exceeded
    records.receive(memoryview(record(b"")))
    assert records.is_exceeded


def test_a_record_with_content_makes_room_for_another() -> None:
    records = RecordCount()
    for _ in range(10_000):
        records.receive(memoryview(record(b"a")))
        records.decrypt()
    assert not records.is_exceeded
