"""Verify the signatures of many approvals one after another, before they are decided.

Between two decisions a verification finds the processor's caches full of other things, and takes a
third longer. This module only saves time: a decision verifies every signature that is not verified
here. So an invalid one is refused at its own position, with its own reason.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from ledger.audit.source import EventRow
from ledger.domain import entry
from ledger.domain.approval import parse_approval
from ledger.domain.events import StatementSigned
from ledger.domain.person import Person
from ledger.errors import LedgerError
from ledger.jose import CompactJws, PublicJwk, VerifiedJws, verified

TOGETHER = 256  # rows


class _Signed(msgspec.Struct):
    """The one member of an approval's event that is needed here."""

    jws: str


_decode = msgspec.json.Decoder(_Signed).decode


class VerifiedAhead:
    """The verified approvals among the rows that were given last."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._keys: dict[str, PublicJwk] = {
            kid: key.jwk for person in people for kid, key in person.keys.items()
        }
        self._verified: dict[str, VerifiedJws] = {}

    def get(self, jws: str) -> VerifiedJws | None:
        """Return an approval that is verified with the key that it names, None if it is not."""
        return self._verified.get(jws)

    def verify(self, rows: Iterable[EventRow]) -> None:
        """Verify the approvals of these rows, and forget those before them."""
        self._verified = {}
        for jws in [*_approvals(rows)]:
            with suppress(LedgerError, KeyError):
                self._verified[jws.text] = verified(jws, self._keys[jws.header.kid])


def _approvals(rows: Iterable[EventRow]) -> Iterator[CompactJws]:
    for _, _, _, tag, state, _ in rows:
        if tag == StatementSigned.TAG and isinstance(state, bytes):
            with suppress(LedgerError, msgspec.MsgspecError, UnicodeDecodeError):
                yield parse_approval(_decode(entry.split(state)[2]).jws)
