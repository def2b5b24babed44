"""Publishes the log's tree: checkpoints, cosignatures, time-stamps, evidence bundles.

No command and no route belongs here, and nothing here appends an event.
"""
