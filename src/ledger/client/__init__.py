"""A client of one ledger for programs: it signs in with a key that a person's passkey attested.

These modules ask a running ledger over HTTP, as a person's browser does. They import nothing of the
server, and read and write no file but that of the login. docs/how-to/sign-in-a-terminal.md shows
the use.

    login.py          makes a key for a person, and proves that it holds it
    kept_login.py     the file with the key
    transport.py      how requests reach the ledger, and the way that blocks
    async_transport.py  the way under asyncio
    connection.py     JSON over HTTP, and a session
    answers.py        what the ledger answers, as far as programs act on it
    answer_errors.py  problems as errors
    drafts.py         the document of a statement
    async_reader.py   what a person reads: statements, evidence, types; and how to wait
    async_client.py   what a person does: draft, decide, use, report
    ledger_client.py  the same without an event loop
    kept_use.py       the file with the nonce of a use
    guard.py          functions that run only as approved, and once
    work_left.py      whether a function is done with its work when it returns
    approved_call.py  the files of such a call while it is under way
    agent_tools.py    what an agent may do
"""

from ledger.client.answers import (
    DecisionReceipt,
    DraftReceipt,
    ListedAccount,
    ListedStatement,
    OutcomeReceipt,
    ShownStatement,
    UseReceipt,
)
from ledger.client.approval_rules import ApprovalRules
from ledger.client.async_client import AsyncLedgerClient
from ledger.client.async_reader import new_nonce
from ledger.client.guard import requires_approval
from ledger.client.kept_login import KeptLogin, default_path, forget, keep, kept, opened
from ledger.client.ledger_client import LedgerClient
from ledger.client.login import attested, begin

__all__ = [
    "ApprovalRules",
    "AsyncLedgerClient",
    "DecisionReceipt",
    "DraftReceipt",
    "KeptLogin",
    "LedgerClient",
    "ListedAccount",
    "ListedStatement",
    "OutcomeReceipt",
    "ShownStatement",
    "UseReceipt",
    "attested",
    "begin",
    "default_path",
    "forget",
    "keep",
    "kept",
    "new_nonce",
    "opened",
    "requires_approval",
]
