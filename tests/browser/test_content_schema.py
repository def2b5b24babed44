"""The pages and the offline verifier decide schemas as Python does: one file of cases for each."""

from typing import Any

from tests.browser.people import Browser
from tests.support.vectors import vector

DECIDE = """async ([schemas, json, cases]) => {
    const { parseSchema, unmet } = await import(schemas);
    const { parse } = await import(json);
    const decide = ([schema, content]) => {
        try {
            const found = unmet(parseSchema(parse(schema)), parse(content));
            return found && [found.pointer, found.keyword];
        } catch ({ constructor }) {
            return constructor.name;
        }
    };
    return cases.map(decide);
}"""


def decided(library: Browser, cases: list[tuple[str, str]]) -> list[Any]:
    modules = [*map(library.module, ("content-schema", "strict-json"))]
    found: list[Any] = library.evaluate(DECIDE, [*modules, cases])
    return found


def test_every_case_of_the_official_suite_is_decided_as_it_says(library: Browser) -> None:
    groups = [each for each in vector("schemas/suite")["groups"] if "refused" not in each]
    cases = [(each["schema"], *case) for each in groups for case in each["tests"]]
    found = decided(library, [(schema, content) for schema, _, content, _ in cases])
    wrong = [case for case, told in zip(cases, found, strict=True) if (told is None) != case[3]]
    assert wrong == []


def test_the_first_fault_is_that_of_python(library: Browser) -> None:
    cases = [
        (each["schema"], content, expected)
        for each in vector("schemas/cases")["schemas"]
        for content, expected in each["contents"]
    ]
    found = decided(library, [(schema, content) for schema, content, _ in cases])
    assert found == [expected for _, _, expected in cases]


def test_a_schema_outside_the_subset_is_refused(library: Browser) -> None:
    suite = [each for each in vector("schemas/suite")["groups"] if "refused" in each]
    schemas = [each["schema"] for each in suite]
    schemas += [text for _, text in vector("schemas/cases")["refused"]]
    found = decided(library, [(schema, "{}") for schema in schemas])
    assert [each for each in found if each != "SchemaError"] == []
