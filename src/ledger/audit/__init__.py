"""The whole audit: it compares every stored byte of a ledger's file with the log's own evidence.

`verify.auditor` makes one decision again; here is what surrounds it. Nothing that the server runs
on may be imported: no store, no framework, no read models.
"""
