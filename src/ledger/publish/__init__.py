"""Publishes the log's tree: checkpoints, cosignatures, time-stamps, evidence bundles.

No command and no route may live here, and nothing here appends an event.
"""
