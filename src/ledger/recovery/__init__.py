"""Backups of a ledger, and how it goes on from one.

No route and no screen belongs here; what a copy of the log is, is in `ledger.store`.
"""
