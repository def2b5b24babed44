"""The ports of the store: what a storage engine offers, in the ledger's own terms.

No connection, file name or SQL passes this border; each engine has a folder of its own beside this
one. Engines block, and are called from threads, processes and commands; `store.async_log` gives the
log to an event loop.
"""
