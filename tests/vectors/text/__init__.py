"""Texts that are taken and refused: one list for Python and JavaScript."""
