"""The tree of errors."""

import inspect

from ledger import errors
from ledger.errors import ConflictError, LedgerError


def test_an_error_has_a_code_a_detail_and_evidence() -> None:
    error = ConflictError("key_known", "this key is registered", kid="abc", position=7)
    assert error.code == "key_known"
    assert error.detail == "this key is registered"
    assert error.evidence == {"kid": "abc", "position": 7}
    assert str(error) == "key_known: this key is registered"


def test_every_error_is_one_of_ours_and_stands_in_the_tree() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception)
    ]
    assert len(kinds) == 14
    for kind in kinds:
        assert kind.__name__.endswith("Error")
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind is LedgerError or kind.__bases__ == (LedgerError,)
