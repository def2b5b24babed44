"""Nobody takes the name of a role or type for another."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ledger.domain.alike_names import find_alike, looks_built_in
from ledger.domain.vocabulary import ROLES
from tests import vectors

VECTORS: Any = json.loads((Path(vectors.__file__).parent / "alike-names.json").read_text())


@pytest.mark.parametrize(("name", "known", "expected"), VECTORS["cases"])
def test_the_first_known_name_that_looks_the_same_is_found(
    name: str, known: list[str], expected: str | None
) -> None:
    assert find_alike(name, known) == expected


@pytest.mark.parametrize(("name", "expected"), VECTORS["builtIn"])
def test_no_type_begins_like_a_built_in_one(name: str, expected: bool) -> None:
    assert looks_built_in(name) is expected


def test_no_two_built_in_roles_look_alike() -> None:
    for one, other in combinations(sorted(ROLES), 2):
        assert find_alike(one, [other]) is None
