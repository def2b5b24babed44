"""The browser's modules and the server's agree, value by value: both are held to the same files."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.domain import places, policy
from ledger.domain.cautions import count_values, of_statement
from ledger.domain.content import parse_content, pointer
from ledger.domain.policy_words import policy_sentence
from ledger.domain.visible import digit_groups, is_quoted, looks_of, visible
from ledger.domain.vocabulary import VOTING_ROLES
from ledger.encoding import jcs, parse_json, sha256_hex
from ledger.errors import MalformedError
from ledger.pages.differences import differences
from ledger.pages.worded import worded
from tests.browser.people import Browser

VECTORS = Path(__file__).parents[1] / "vectors" / "web"


def read(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


def refusal(text: str) -> str | None:
    try:
        parse_json(text.encode())
    except MalformedError as error:
        return error.code
    return None


@pytest.mark.parametrize("vector", read("jcs"), ids=lambda vector: vector["text"][:20])
def test_canonical_json_is_the_same_on_both_sides(library: Browser, vector: Any) -> None:
    assert jcs(vector["value"]).decode() == vector["text"]
    assert library.call("jcs", "jcs", vector["value"]) == vector["text"]


@pytest.mark.parametrize("value", [1.5, 2**53, "\ud800", {"é": 1}], ids=repr)
def test_what_has_no_agreed_canonical_form_is_refused(library: Browser, value: Any) -> None:
    # A lone surrogate cannot cross from Python to the browser, so the browser makes it itself.
    source = '"\\ud800"' if value == "\ud800" else json.dumps(value)
    assert library.error("jcs", "jcs", f"({source})") == "TypeError"


_DIFFERENCES = """async ([{ before, after }, parser, comparer]) => {
    const { parse } = await import(parser);
    const { differences } = await import(comparer);
    const rows = differences(parse(before), parse(after));
    return rows.map(({ kind, pointer, before, after, by }) => [kind, pointer, before, after, by]);
}"""


@pytest.mark.parametrize("vector", read("differences"), ids=lambda vector: vector["before"][:20])
def test_differences_of_two_versions_are_the_same_on_both_sides(
    library: Browser, vector: Any
) -> None:
    found = differences(parse_content(vector["before"]), parse_content(vector["after"]))
    rows = [[row.kind, pointer(row.place), row.before, row.after, row.by] for row in found]
    assert rows == vector["rows"]
    modules = [library.module("strict-json"), library.module("differences")]
    assert library.evaluate(_DIFFERENCES, [vector, *modules]) == vector["rows"]


@pytest.mark.parametrize("vector", read("worded"), ids=lambda vector: ascii(vector["before"])[:20])
def test_the_words_that_changed_are_the_same_on_both_sides(library: Browser, vector: Any) -> None:
    before, after = vector["before"], vector["after"]
    found = worded(before, after)
    assert [[[*part] for part in side] for side in found] == vector["parts"]
    assert library.call("worded", "worded", before, after) == vector["parts"]
    assert ["".join(text for text, _ in side) for side in found] == [before, after]


@pytest.mark.parametrize("vector", read("digest"), ids=lambda vector: vector["sha256"][:8])
def test_digests_are_the_same_on_both_sides(library: Browser, vector: Any) -> None:
    assert sha256_hex(vector["text"].encode()) == vector["sha256"]
    assert library.call("digest", "sha256Hex", vector["text"]) == vector["sha256"]


@pytest.mark.parametrize("vector", read("strict-json"), ids=lambda vector: vector["text"][:24])
def test_both_parsers_accept_and_refuse_the_same_json(library: Browser, vector: Any) -> None:
    assert refusal(vector["text"]) == vector["code"]
    assert library.refusal("strict-json", "parse", vector["text"]) == vector["code"]


COSTLY = {
    "commas": ("[" + "1," * 20_001 + "1]", "json_too_complex"),
    "commas, the most": ("[" + "1," * 20_000 + "1]", None),
    "brackets": ("[" + "[]," * 20_000 + "[]]", "json_too_complex"),
    "colons": ("{" + ",".join(f'"{n}":1' for n in range(20_001)) + "}", "json_too_complex"),
    "text": ('["' + ',:[{\\",' * 30_000 + '"]', None),
    "text, escaped": ('["\\\\", "' + "," * 30_000 + '"]', None),
    "floats": ("[" + "0.5," * 1_000 + "1e1]", "json_too_complex"),
    "floats, the most": ("[" + "0.5," * 999 + "1e1]", None),
}


@pytest.mark.parametrize(("text", "code"), COSTLY.values(), ids=COSTLY)
def test_both_parsers_find_the_same_json_too_complex(
    text: str, code: str | None, library: Browser
) -> None:
    assert refusal(text) == code
    assert library.refusal("strict-json", "parse", text) == code


def test_a_hazard_in_json_is_named_with_its_place(library: Browser) -> None:
    text = '{\n  "a": 1,\n  "a": 2\n}'
    assert library.evaluate(
        """async ([address, text]) => {
            const { parse } = await import(address);
            try { parse(text); }
            catch ({ line, column, message }) { return [line, column, message]; }
        }""",
        [library.module("strict-json"), text],
    ) == [3, 3, "“a” occurs twice"]


def test_numbers_keep_their_digits(library: Browser) -> None:
    node = library.call("strict-json", "parse", '{"amount":1.10}')
    assert node["members"] == [["amount", {"kind": "number", "text": "1.10", "members": []}]]


@pytest.mark.parametrize("vector", read("policy")["sentences"], ids=lambda v: v["sentence"][:40])
def test_policy_sentences_are_the_same_on_both_sides(library: Browser, vector: Any) -> None:
    names = read("policy")["names"]
    rules = policy.parse(msgspec.json.encode(vector["policy"]))
    assert policy_sentence(rules, names) == vector["sentence"]
    assert library.call("policy", "policySentence", vector["policy"], names) == vector["sentence"]
    assert library.call("policy-faults", "fault", vector["policy"], sorted(VOTING_ROLES)) == ""


def draft_policy(raw: bytes) -> None:
    """Raise what refuses a draft with this policy."""
    parsed = policy.parse(raw)
    policy.require_known_roles(parsed, VOTING_ROLES)
    places.require_possible(parsed, "", VOTING_ROLES)


@pytest.mark.parametrize("rules", read("policy")["refused"], ids=str)
def test_a_policy_that_the_server_refuses_is_refused_while_it_is_written(
    library: Browser, rules: Any
) -> None:
    with pytest.raises(MalformedError):
        draft_policy(msgspec.json.encode(rules))
    assert library.call("policy-faults", "fault", rules, sorted(VOTING_ROLES)) != ""


@pytest.mark.parametrize(
    "vector", read("visible")["texts"], ids=lambda vector: ascii(vector["text"])
)
def test_characters_that_nobody_sees_are_named(library: Browser, vector: Any) -> None:
    runs = [tuple(run) for run in vector["runs"]]
    assert [(run.text, run.is_mark) for run in visible(vector["text"])] == runs
    shown = library.call("visible", "visible", vector["text"])
    assert [(run["text"], run["mark"]) for run in shown] == runs


@pytest.mark.parametrize(
    "vector", read("visible")["lines"], ids=lambda vector: ascii(vector["text"])
)
def test_a_name_or_title_is_marked_the_same_on_both_sides(library: Browser, vector: Any) -> None:
    runs = [tuple(run) for run in vector["runs"]]
    assert [(run.text, run.is_mark) for run in visible(vector["text"], line=True)] == runs
    shown = library.call("visible", "visible", vector["text"], True)
    assert [(run["text"], run["mark"]) for run in shown] == runs


@pytest.mark.parametrize("vector", read("visible")["looks"], ids=lambda vector: ascii(vector))
def test_names_that_look_alike_are_told_by_one_form(library: Browser, vector: Any) -> None:
    assert looks_of(vector["name"]) == vector["looks"]
    assert library.call("visible", "looksOf", vector["name"]) == vector["looks"]


@pytest.mark.parametrize("vector", read("visible")["quoted"], ids=lambda vector: ascii(vector))
def test_texts_that_look_like_another_type_are_quoted(library: Browser, vector: Any) -> None:
    assert is_quoted(vector["text"]) == vector["is"]
    assert library.call("visible", "isQuoted", vector["text"]) == vector["is"]


@pytest.mark.parametrize("vector", read("cautions"), ids=lambda vector: ascii(vector["content"]))
def test_the_same_places_are_told_to_look_at(library: Browser, vector: Any) -> None:
    content = parse_content(vector["content"])
    found = of_statement(vector["title"], content)
    told = [{"place": pointer(each.place), "kinds": list(each.kinds)} for each in found]
    assert told == vector["cautions"]
    assert count_values(content) == vector["values"]
    said = library.evaluate(
        """async ([cautions, json, title, content]) => {
            const { countValues, ofStatement } = await import(cautions);
            const node = (await import(json)).parseObject(content);
            return [ofStatement(title, node), countValues(node)];
        }""",
        [
            *map(library.module, ("cautions", "strict-json")),
            vector["title"],
            vector["content"],
        ],
    )
    assert said == [vector["cautions"], vector["values"]]


@pytest.mark.parametrize("vector", read("visible")["numbers"], ids=lambda vector: vector["number"])
def test_digits_are_grouped_without_changing_the_number(library: Browser, vector: Any) -> None:
    assert digit_groups(vector["number"]) == vector["groups"]
    assert "".join(vector["groups"]) == vector["number"]
    assert library.call("visible", "digitGroups", vector["number"]) == vector["groups"]


def test_base64url_has_one_spelling(library: Browser) -> None:
    assert (
        library.evaluate(
            """async (address) => {
            const { decode, encode } = await import(address);
            return encode(decode("__79_g"));
        }""",
            library.module("b64u"),
        )
        == "__79_g"
    )
    for text in ("A", "AA==", "AB", "A+A", "A/A", "A A", "é"):
        assert library.error("b64u", "decode", json.dumps(text)) in (
            "TypeError",
            "InvalidCharacterError",
        )
