"""The whole audit: every stored byte of a ledger's file held against the log's own evidence.

`audit.Auditor` makes decisions again; here is what surrounds it: reading the raw file, the tree,
names and receipts, several processes, and the report. Nothing that the server runs on is used: no
store, no framework, no read models.
"""
