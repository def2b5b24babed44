"""Measure the ledger as ratios: against its peers, and against what the machine can do."""
