"""The rules: the events, and pure decisions on people, statements, policies and the ledger.

No I/O, clock, randomness or framework belongs here. Callers pass in `now` and new ids.
"""
