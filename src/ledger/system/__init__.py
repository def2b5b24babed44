"""Access to the operating system: private files, an HTTP client, background threads.

Nothing specific to a ledger belongs here.
"""
