"""The offline verifier's sources: one committed file, modules that mirror Python's by path."""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.browser.make_verifier import ENTRY, PAGE, SAMPLE, WEB, build, bundle, policy, unpack

VERIFIER = WEB / "verify"
LEDGER = WEB.parent / "src" / "ledger"
# Modules without a counterpart of ours: the page's own, and those that Python has libraries for.
UNMATCHED = {
    "page.js": "the page",
    "version.js": "ledger.__version__",
    "spoken.js": "the page",
    "view.js": "the page",
    "tamper.js": "the page",
    "shapes.js": "msgspec",
    "domain/claims.js": "ledger.domain.events.stored",
    "domain/events_of_changes.js": "ledger.domain.events.of_changes",
    "domain/events_of_people.js": "ledger.domain.events.of_people",
    "domain/people.js": "ledger.domain.person_state",
}
MODULES = {str(path.relative_to(VERIFIER)): path for path in VERIFIER.rglob("*.js")}


def test_the_committed_page_is_the_one_that_its_sources_make() -> None:
    page = PAGE.read_text("utf-8")
    sample = page.partition('id="sample">')[2].partition("</script>")[0]
    assert unpack(sample) == SAMPLE.read_bytes()
    assert page == build(sample)


def test_the_page_names_its_script_and_style_and_nothing_else() -> None:
    page = PAGE.read_text("utf-8")
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    style = page.partition("<style>")[2].partition("</style>")[0]
    carried = page.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]
    assert unescape(carried) == policy(script, style)
    assert script == bundle(ENTRY)
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "").replace(
        "https://ledger.invalid/", ""
    )


@pytest.mark.parametrize(
    "source",
    [
        'import "./b.js";\n',
        'export { a } from "./b.js";\n',
        "export default 1;\n",
        'const b = await import("./b.js");\n',
        'const a = "</script>";\n',
        'import { b } from "./b.js";\n',
    ],
)
def test_a_module_that_cannot_be_put_into_one_script_is_refused(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "a.js").write_text(source)
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = a;\n')
    with pytest.raises(ValueError, match=r"cannot be put into one script|import each other"):
        bundle("a.js", tmp_path)


def test_the_modules_are_small_and_make_no_markup_from_text() -> None:
    for name, path in MODULES.items():
        text = path.read_text("utf-8")
        assert text.count("\n") <= 300, name
        assert not any(word in text for word in ("innerHTML", "insertAdjacent", "eval(")), name


def test_every_module_says_which_module_of_python_it_mirrors() -> None:
    assert UNMATCHED.keys() <= MODULES.keys()
    for name in MODULES.keys() - UNMATCHED.keys():
        mirrored = name.removesuffix(".js")
        first = MODULES[name].read_text("utf-8").partition("\n")[0]
        dotted = mirrored.replace("/", ".")
        assert re.match(rf"// Mirrors ledger\.{re.escape(dotted)}[.:]", first), name
        places = LEDGER / f"{mirrored}.py", LEDGER / mirrored / "__init__.py"
        assert any(path.exists() for path in places), name
