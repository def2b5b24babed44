"""Limits for property tests. They have no deadlines, because machines differ in speed."""

from hypothesis import settings

FEW = settings(max_examples=40, deadline=None)
"""For a unit test: milliseconds."""
