"""The log on SQLite: tables, tree, endorsements of checkpoints, and the sessions' own file.

Nothing that another engine would need belongs here; `ledger.sqlite` opens the files.
"""
