"""Where the ledger's own key and the log's keys are kept: PEM files, HSMs, ssh-agents.

An operator names each place as text. Nothing here knows what the keys sign.
"""
