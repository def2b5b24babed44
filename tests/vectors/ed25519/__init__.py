"""Signatures of others: edge cases of Ed25519, from the C2SP project's CCTV."""
