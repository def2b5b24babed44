"""Names that nobody in a ledger has, for tests that register many people in one."""

from itertools import count

_NUMBERS = count(1)


def unused(name: str) -> str:
    """Return the name with a number that no other name of this run has."""
    return f"{name} no. {next(_NUMBERS)}"
