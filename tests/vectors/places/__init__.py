"""Policies by places: what an exhaustive assignment of people says, for Python and JavaScript."""
