"""Commands: load, decide, save, for statements, people and the ledger's own keys.

No rule and no SQL belongs here; decisions are in `ledger.domain`, storage is in `ledger.store`.
"""
