"""Opens SQLite files and inserts many rows quickly.

No table and no query of the ledger belongs here.
"""
