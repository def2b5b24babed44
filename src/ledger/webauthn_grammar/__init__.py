"""The grammar of what browsers and authenticators send, read before any library sees a byte.

docs/reference/webauthn-grammar.md specifies it. web/verify has the same grammar in JavaScript, and
tests/vectors/webauthn/grammar.json holds both. Every reader here is pure, returns a value or raises
MalformedError, and does a bounded number of steps whatever the bytes are. No signature is verified.
"""
