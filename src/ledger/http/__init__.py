"""The HTTP edge: decode strictly, call one function, encode. No rule lives here."""
