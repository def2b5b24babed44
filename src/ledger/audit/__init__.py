"""The audit: it compares every stored byte of a ledger's log with the evidence in the log.

`verify.auditor` recomputes the decisions; this package reads the rows that a storage engine shows
(`source`) and checks everything else. It must not import what the server runs on: store,
frameworks, read models.
"""
