"""How many made-up examples a property is tried on; no deadlines, for machines differ."""

from hypothesis import settings

FEW = settings(max_examples=40, deadline=None)
"""For a unit test: milliseconds."""
