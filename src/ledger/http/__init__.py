"""The HTTP edge: decode strictly, call one function, encode.

No rule may live here; the choice of an HTTP status lives nowhere else.
"""
