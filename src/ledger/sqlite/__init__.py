"""How this project opens an SQLite file, and hands it many values at once.

No table and no query of the ledger may live here.
"""
