"""What leaves the ledger: checkpoints, cosignatures, time-stamps, evidence bundles.

No command and no route may live here, and nothing here adds an event to the log.
"""
