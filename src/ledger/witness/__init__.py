"""A witness for other logs: a separate program with its own state and server.

Nothing of this ledger's own log belongs here.
"""
