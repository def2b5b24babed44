"""What is allowed: the events, and pure decisions on people, statements, policies and the ledger.

No I/O, no clock, no randomness and no framework may live here; `now` and ids are passed in.
"""
