"""Measure the ledger as ratios: against other libraries, and against the machine's limits."""
