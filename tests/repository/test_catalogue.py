"""What people read stands in the catalogue: no template, script, page or letter has a sentence.

What is signed stays as it is: the titles of changes, events, and what verifiers say of evidence.
Commands speak English (docs/decisions/0173).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.http.catalogue import catalogue
from tests.repository.test_docs import documented_codes

ROOT = Path(__file__).parents[2]
VERIFIER = ROOT / "web/verify"
TEMPLATES = [*sorted((ROOT / "web/templates").glob("*.html")), VERIFIER / "page.html"]
# Of the verifier, what the page says: its checks speak English in reports, for programs too.
SCRIPTS = [*sorted((ROOT / "web/static/js").rglob("*.js")), *VERIFIER.glob("*.js")]
LETTERS = ROOT / "src/ledger/messages/letters.py"
MODULES = [*sorted((ROOT / "src/ledger/pages").glob("*.py")), LETTERS]

# In a template: names that no language changes.
SAME = {"· Ledger", "Ledger", "SHA-256", "/recover", "() · Ledger", "Series A investment terms"}
SAME |= {".zip", "name+id+base64", "README.txt", "ledger verify"}
SAME |= {"ledger verify --tsa-certificates"}
# What verifiers read too, in English; pages have a text for each reason.
ENGLISH = {
    "b64u.js",
    "change-title.js",
    "content-schema.js",
    "cose.js",
    "floor.js",
    "jcs.js",
    "shapes.js",
    "quoted.js",  # it has a pattern with quotation marks, and no sentence
    "strict-json.js",
}
# Of the standard library, of HTTP, and of makers of passkeys.
NAMES = re.compile(
    r"Cache-Control|Content-Security-Policy|Referrer-Policy|[A-Za-z]+(?: [A-Z][a-z]+)+|[A-Z]\w+"
    r"|[a-z.-]+\.|trusted-types recheck|<.*|Apple Passwords \(managed\)|Chrome on Mac",
    re.DOTALL,
)
SENTENCE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|^[A-Z][a-z]{2,}[.…]?$|[A-Za-z]{3,}[.…]$")
# Parts of a template whose texts nobody reads, or that are an example of content.
UNREAD = re.compile(
    r"\{#.*?#\}|<svg.*?</svg>|<script.*?</script>|\{% set sample %\}.*?\{% endset %\}"
    r"|\{% block (?:entry|texts) %\}.*?\{% endblock %\}",
    re.DOTALL,
)
# In a script: keys of the catalogue, classes, selectors, and what a command line takes.
UNSPOKEN = re.compile(r"[#.a-z-]+[ .\[]|ledger |Date$|Notification$")
STATUSES = ("approved", "expired", "pending", "rejected", "superseded", "withdrawn")
KEY = re.compile(r"""["'`]([a-z][a-z-]*(?:\.[a-z0-9_-]+)+)["'`]""")
BEGUN = re.compile(r"""["'`]([a-z][a-z-]*(?:\.[a-z-]+)*\.)(?:["']\s*[+~]|\{|\$\{|%s)""")


def of_template(source: str) -> Iterator[str]:
    """Yield the texts of a template that come from no expression."""
    source = re.sub(r"<style>.*?</style>|<!--.*?-->", "", source, flags=re.S)
    bare = re.sub(
        r"\{#.*?#\}|<svg.*?</svg>|\{% set sample %\}.*?\{% endset %\}", "", source, flags=re.S
    )
    bare = re.sub(r"\{% block (entry|texts) %\}.*?\{% endblock %\}", "", bare, flags=re.S)
    bare = re.sub(r"<script.*?</script>", "", bare, flags=re.S)
    bare = re.sub(r"\{[{%].*?[%}]\}", "", bare, flags=re.S)
    yield from re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', bare)
    yield from (" ".join(each.split()) for each in re.split(r"<[^>]*>", bare))


def of_script(source: str) -> Iterator[str]:
    """Yield the strings of a script, without what is put into them."""
    code = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
    code = re.sub(r"(^|\s)//.*$", "", code, flags=re.M)
    for plain, template in re.findall(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`', code):
        yield re.sub(r"\$\{[^}]*\}", "", plain or template)


def of_module(source: str) -> Iterator[str]:
    """Yield the strings of a module that are no docstring and no detail of an error."""
    tree = ast.parse(source)
    spared: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Raise() | ast.Expr(value=ast.Constant()) | ast.Assert():
                spared |= {id(each) for each in ast.walk(node)}
            case ast.Call(func=ast.Name(id="QueryParameter" | "Refusal")):
                spared |= {id(each) for each in ast.walk(node)}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"))):
                spared |= {id(each) for each in ast.walk(node)}
            case ast.AnnAssign(annotation=note) | ast.arg(annotation=ast.expr() as note):
                spared |= {id(each) for each in ast.walk(note)}
            case ast.FunctionDef(returns=ast.expr() as note):
                spared |= {id(each) for each in ast.walk(note)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in spared
        ):
            yield node.value


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_has_no_text_of_its_own(path: Path) -> None:
    found = {each for each in of_template(path.read_text()) if re.search(r"[A-Za-z]{2}", each)}
    assert found - SAME == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_no_sentence_of_its_own(path: Path) -> None:
    if path.name in ENGLISH:
        return
    found = {
        each
        for each in of_script(path.read_text())
        if SENTENCE.search(each)
        and not re.match(r"[#.a-z-]+[ .\[]|ledger |Date$|Notification$", each)
    }
    assert found == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.stem}-{path.stem}")
def test_a_page_or_letter_has_no_sentence_of_its_own(path: Path) -> None:
    found = {each for each in of_module(path.read_text()) if SENTENCE.search(each)}
    assert {each for each in found if not NAMES.fullmatch(each)} == set()


def test_the_finders_find() -> None:
    page = '{% block title %}Inbox{% endblock %}<p title="Two words">One {{ t("a.b") }}</p>'
    assert {"Inbox", "Two words", "One"} <= set(of_template(page))
    assert "Nothing was signed." in set(of_script('show("Nothing was signed."); // "not this"'))
    module = '"""Doc."""\ndef f(n: int) -> str:\n    return f"Waiting for {n} more people"\n'
    assert "Waiting for " in set(of_module(module))


def test_every_text_of_the_catalogue_is_used_and_every_used_text_is_there() -> None:
    shown = [*TEMPLATES, *SCRIPTS, *(ROOT / "src/ledger/http").glob("*.py"), *MODULES]
    shown += [*VERIFIER.glob("verify/*.js")]
    shown.append(ROOT / "src/ledger/domain/policy_words.py")
    source = "\n".join(path.read_text() for path in shown)
    counted = re.compile(r"\.(one|other|failed)$")
    keys = {counted.sub("", key) for key in catalogue()} | catalogue().keys()
    asked = re.compile(r"""\b(?:t|text|said|say)\(\s*["']([a-z0-9_.-]+)["'](?!\s*[+~])""")
    used = set(asked.findall(source))
    assert {key for key in used if "." in key} <= keys
    used |= set(KEY.findall(source))
    begun = {*BEGUN.findall(source), "refusal.", "registration.", "change.", "status."}
    unused = {key for key in catalogue() if not {key, counted.sub("", key)} & used}
    assert {key for key in unused if not key.startswith(tuple(begun))} == set()


def test_every_code_of_the_offline_verifier_has_a_sentence_and_every_sentence_a_code() -> None:
    told = {key.removeprefix("finding.") for key in catalogue() if key.startswith("finding.")}
    sources = [*VERIFIER.rglob("*.js"), ROOT / "web/static/js/lib/strict-json.js"]
    written = "\n".join(path.read_text() for path in sources)
    found = {*re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', written)} & documented_codes()
    # One is of browsers alone; `statement_<status>` is put together from the statuses.
    found.add("algorithm_unknown")
    found |= {f"statement_{status}" for status in STATUSES}
    assert told == found
