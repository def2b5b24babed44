from pathlib import Path

import pytest

from ledger.client.answers import UseReceipt
from ledger.client.kept_use import KeptUse, keep_use, kept_use
from ledger.errors import MalformedError

USE = KeptUse(
    ledger="ledger.example",
    statement="2c3a4b5e-0000-4000-8000-000000000009",
    sha256="0" * 64,
    nonce="n" * 43,
    stage="used",
    receipt=UseReceipt(statement_id="…9", position=7, number=1, generation=1),
)


def test_a_use_is_kept_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "use.json"
    assert keep_use(path, USE) == USE
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_use(path) == USE


@pytest.mark.parametrize(
    "junk",
    [b"", b"{}", b"[]", b"\xff", b"[" * 20_000, b'{"ledger":"a","more":1}', b'{"stage":"over"}'],
)
def test_a_damaged_file_is_refused_with_a_code(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "use.json"
    path.write_bytes(junk)
    with pytest.raises(MalformedError):
        kept_use(path)
