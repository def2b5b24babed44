"""Who reads in tests of what is read: an auditor, who reads every statement."""

from ledger.domain.readers import Reader

AUDITOR = Reader("00000000-0000-4000-8000-0000000000ad", frozenset({"auditor"}))
