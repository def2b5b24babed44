"""The HTTP edge: decode strictly, call one function, encode.

Rules belong to `domain` and `commands`. Only this package chooses an HTTP status.
"""
