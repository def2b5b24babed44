"""A draft's receipt is believed only if it is of the document that was sent."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.client.answers import DraftReceipt
from ledger.client.async_client import AsyncLedgerClient
from ledger.client.transport import finished
from ledger.encoding import sha256_hex
from ledger.errors import RefusedError

MINE = "2c3a4b5e-0000-4000-8000-000000000001"
OTHER = "2c3a4b5e-0000-4000-8000-000000000002"
RAW = f'{{"statementId":"{MINE}"}}'.encode()


def client_of(statement: str, sha256: str) -> AsyncLedgerClient:
    """Return a client of a server that answers each draft with this receipt."""
    receipt = DraftReceipt(statement_id=statement, position=7, sha256=sha256, status="pending")

    async def act(*_: Any, **__: Any) -> str:
        return "act"

    async def send(*_: Any) -> DraftReceipt:
        return receipt

    client = AsyncLedgerClient.__new__(AsyncLedgerClient)
    client._ask = cast(Any, SimpleNamespace(act=act, send=send))
    return client


def test_the_receipt_of_the_document_that_was_sent_is_returned() -> None:
    receipt = finished(client_of(MINE, sha256_hex(RAW)).submit(RAW))
    assert receipt.statement_id == MINE


@pytest.mark.parametrize(
    ("statement", "sha256"), [(OTHER, sha256_hex(RAW)), (MINE, "0" * 64), (OTHER, "0" * 64)]
)
def test_a_server_that_answers_for_another_document_is_not_believed(
    statement: str, sha256: str
) -> None:
    with pytest.raises(RefusedError, match="document_differs"):
        finished(client_of(statement, sha256).submit(RAW))
