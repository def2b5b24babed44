"""The offline verifier: evidence in, a report out. It recomputes the decision of every event.

Files, network, clock, store and frameworks do not belong here. `web/verify` has the same modules.
"""
