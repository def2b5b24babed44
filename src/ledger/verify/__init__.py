"""The offline verifier: evidence in, a report out; it decides every event again.

No file, network, clock, store or framework may live here; `web/verify` is the same by name.
"""
