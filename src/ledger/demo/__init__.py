"""A ledger for a demonstration: people, statements in every state, and two bundles.

Everything goes through the server's own routes: registrations with passkeys, keys, signatures and
changes. The people are programs. Their passkeys and keys are never written to a file, and prove
nothing about anybody: a demonstration shows how a ledger looks, and holds no evidence.
"""
