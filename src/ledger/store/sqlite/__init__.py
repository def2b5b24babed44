"""The log on SQLite: its tables, its tree, what others signed of it, and what may be forgotten.

Nothing that another engine would need may live here; how a file is opened is in `ledger.sqlite`.
"""
