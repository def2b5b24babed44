"""The grammar of WebAuthn responses: strict parsers that run before any library sees a byte.

docs/reference/webauthn-grammar.md specifies it. web/verify implements the same grammar in
JavaScript, and tests/vectors/webauthn/grammar.json tests both. Every parser is pure, returns a
value or raises MalformedError, and takes a bounded number of steps. No signature is verified here.
"""
