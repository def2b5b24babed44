"""The offline verifier: evidence in, a report out, every decision made again from the evidence.

No file, network, clock, store or framework may live here; `web/verify` is the same by name.
"""
