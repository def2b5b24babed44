"""Whether content meets a schema, as the official JSON Schema test suite and a library say.

tests/vectors/schemas/suite.json has the suite's cases of the supported keywords, and cases.json
ours; the pages and the offline verifier decide both files too.
"""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.content import pointer
from ledger.domain.content_schema import parse_schema, unmet
from ledger.encoding import parse_json
from ledger.errors import MalformedError
from tests.support.refusals import refused
from tests.support.vectors import vector

SUITE: list[dict[str, Any]] = vector("schemas/suite")["groups"]
OURS: dict[str, Any] = vector("schemas/cases")
IN_SUBSET = [each for each in SUITE if "refused" not in each]


def found(schema: str, content: str) -> tuple[str, str] | None:
    told = unmet(parse_schema(parse_json(schema.encode())), parse_json(content.encode()))
    return None if told is None else (pointer(told.place), told.keyword)


def by_the_library(schema: str, content: str) -> bool:
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema))
    return bool(validator.is_valid(json.loads(content)))


def test_every_case_of_the_official_suite_is_decided_as_it_says() -> None:
    cases = [(each["schema"], *case) for each in IN_SUBSET for case in each["tests"]]
    assert len(cases) > 300
    wrong = [
        (schema, name, content)
        for schema, name, content, valid in cases
        if (found(schema, content) is None) != valid
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "schema",
    [
        *(each["schema"] for each in SUITE if "refused" in each),
        *(text for _, text in OURS["refused"]),
    ],
)
def test_a_schema_outside_the_subset_is_refused(schema: str) -> None:
    with refused(MalformedError, "schema_invalid"):
        parse_schema(parse_json(schema.encode()))


@pytest.mark.parametrize("case", OURS["schemas"], ids=lambda case: str(case["name"]))
def test_the_first_fault_is_named_with_its_place(case: dict[str, Any]) -> None:
    for content, expected in case["contents"]:
        told = found(case["schema"], content)
        assert (None if told is None else [*told]) == expected, content
        assert by_the_library(case["schema"], content) == (expected is None), content


_SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a", "b"])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
_TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.lists(st.sampled_from("abc"), max_size=2, unique=True)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": _TYPES | st.lists(_TYPES, min_size=1, max_size=3, unique=True),
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "required": names,
            "additionalProperties": inner,
            "items": inner,
            "enum": st.lists(_VALUES, min_size=1, max_size=3),
            "const": _VALUES,
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "minimum": st.sampled_from([-1, 0, 0.5, 2]),
            "maximum": st.sampled_from([-1, 0, 0.5, 2]),
            "exclusiveMinimum": st.sampled_from([-1, 0, 0.5, 2]),
            "exclusiveMaximum": st.sampled_from([-1, 0, 0.5, 2]),
        },
    )


_SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.just({}), _keywords, max_leaves=5
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(_SCHEMAS, _VALUES)
def test_a_library_decides_random_schemas_and_values_alike(schema: Any, value: Any) -> None:
    schema_text, value_text = json.dumps(schema), json.dumps(value)
    assert (found(schema_text, value_text) is None) == by_the_library(schema_text, value_text)
