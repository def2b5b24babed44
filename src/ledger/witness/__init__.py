"""A witness for other people's logs: a separate program, with a state and a server of its own.

Nothing of this ledger's own log may live here.
"""
