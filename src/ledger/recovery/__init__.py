"""Backups of a ledger, restores from them, and checks of an installation.

No route and no screen belongs here; `ledger.store` copies the log.
"""
