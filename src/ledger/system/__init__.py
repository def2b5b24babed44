"""The operating system as the ledger uses it: private files, one HTTP client, one kind of thread.

Nothing that knows what a ledger is may live here.
"""
