"""The register of promises in docs/promises, and the page that `make reference` writes from it.

A promise says what an attacker can do and what detects it. It names the code that it rests on, a
test in which all is as it should be, a test in which the attack is refused, and a sabotage: an edit
of the code after which the second test has to fail. A limit says what nothing detects.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.support.architecture import ROOT, defines

REGISTER = ROOT / "docs/promises"
PAGE = ROOT / "docs/explanation/trust-model.md"
INTRODUCTION = REGISTER / "introduction.toml"
_ENTRY_ID = re.compile(r"[PL]-[1-9]\d\d")
_SENTENCE = re.compile(r"[A-Z`].*[^.]\.", re.DOTALL)
# A period inside a sentence: in a name such as `log.sqlite`, never before a space and a capital.
_SECOND = re.compile(r"\.\s+[A-Z`]")


class Sabotage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An edit of one file that breaks the promise; `before` occurs in the file exactly once."""

    file: str
    before: str
    after: str

    def applied(self, root: Path) -> str:
        """Return the file's text after the edit; raise ValueError if `before` is not there once."""
        text = (root / self.file).read_text("utf-8")
        if text.count(self.before) != 1:
            raise ValueError(f"{self.file} has {text.count(self.before)} times {self.before!r}")
        return text.replace(self.before, self.after)


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence and what makes it true; `code` is `module:name`, or `file:text`."""

    id: str
    about: str
    sentence: str
    code: tuple[str, ...]
    accepted: str
    refused: str
    not_covered: str
    sabotage: Sabotage

    @property
    def is_of_units(self) -> bool:
        """Whether the refusal is shown by a unit test, so that its sabotage takes a second."""
        return self.refused.startswith("tests/unit/")


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What nothing detects, or what is no business of the ledger; a test may show it."""

    id: str
    about: str
    sentence: str
    shown: str | None = None


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the register, and one section of the page."""

    title: str
    promise: tuple[Promise, ...] = ()
    limit: tuple[Limit, ...] = ()


class Introduction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page says before its first promise: the words that the sentences use."""

    sentences: tuple[str, ...]


def sections() -> list[Section]:
    """Return the register, in the order of its files."""
    paths = sorted(set(REGISTER.glob("*.toml")) - {INTRODUCTION})
    return [msgspec.convert(tomllib.loads(path.read_text("utf-8")), Section) for path in paths]


def promises() -> list[Promise]:
    """Return every promise of the register."""
    return [promise for section in sections() for promise in section.promise]


def limits() -> list[Limit]:
    """Return every limit of the register."""
    return [limit for section in sections() for limit in section.limit]


# --- what is wrong with an entry ---------------------------------------------------------------


def faults(promise: Promise) -> Iterator[str]:
    """Yield what a promise lacks: its form, its code, its tests, its sabotage."""
    yield from _faults_of_form(promise.id, promise.about, promise.sentence)
    yield from _faults_of_form(promise.id, promise.about, promise.not_covered)
    if not promise.code:
        yield "it rests on no code"
    for place in promise.code:
        if not _is_there(place):
            yield f"there is no {place}"
    for test in (promise.accepted, promise.refused):
        if not is_test(test):
            yield f"there is no test {test}"
    if promise.accepted == promise.refused:
        yield "one test cannot show both"
    yield from _faults_of_sabotage(promise)


def faults_of_limit(limit: Limit) -> Iterator[str]:
    """Yield what is wrong with a limit."""
    yield from _faults_of_form(limit.id, limit.about, limit.sentence)
    if limit.shown is not None and not is_test(limit.shown):
        yield f"there is no test {limit.shown}"


def _faults_of_form(entry_id: str, about: str, sentence: str) -> Iterator[str]:
    if not _ENTRY_ID.fullmatch(entry_id) or not about:
        yield "its id is like P-101, and it is about something"
    if not _SENTENCE.fullmatch(sentence) or _SECOND.search(sentence):
        yield f"not one sentence: {sentence}"


def _faults_of_sabotage(promise: Promise) -> Iterator[str]:
    sabotage = promise.sabotage
    if sabotage.file not in {_file(place) for place in promise.code}:
        yield f"its sabotage is in {sabotage.file}, which is none of its code"
        return
    try:
        edited = sabotage.applied(ROOT)
    except ValueError as error:
        yield f"its sabotage cannot be made: {error}"
        return
    if sabotage.before == sabotage.after:
        yield "its sabotage changes nothing"
    if sabotage.file.endswith(".py"):
        try:
            ast.parse(edited)
        except SyntaxError:
            yield "its sabotage is no Python: every test would fail"


def _file(place: str) -> str:
    module, _, _ = place.partition(":")
    if module.startswith("ledger."):
        return f"src/{module.replace('.', '/')}.py"
    return f"{module.replace('.', '/')}.py" if module.startswith("projections.") else module


def _is_there(place: str) -> bool:
    path, name = ROOT / _file(place), place.partition(":")[2]
    if not name or not path.is_file():
        return False
    return defines(path, name) if path.suffix == ".py" else name in path.read_text("utf-8")


def is_test(test: str) -> bool:
    """Tell whether a test is there; of one with parameters, whether its function is."""
    file, _, name = test.partition("[")[0].partition("::")
    path = ROOT / file
    is_named = file.startswith("tests/") and name.startswith("test_")
    return is_named and path.is_file() and defines(path, name)


# --- the page ----------------------------------------------------------------------------------


def rendered() -> str:
    """Return the page."""
    introduction = msgspec.convert(tomllib.loads(INTRODUCTION.read_text("utf-8")), Introduction)
    lines = ["# Who can do what, and who notices", "", *introduction.sentences]
    for section in sections():
        lines += ["", f"## {section.title}"]
        entries: list[Promise | Limit] = [*section.promise, *section.limit]
        for about in dict.fromkeys(each.about for each in sorted(entries, key=_number)):
            lines += ["", f"### {about}", ""]
            for entry in (each for each in entries if each.about == about):
                lines += _promised(entry) if isinstance(entry, Promise) else _limited(entry)
    return "\n".join(lines) + "\n"


def _number(entry: Promise | Limit) -> str:
    return entry.id[2:]


def _promised(promise: Promise) -> list[str]:
    return [
        f"- **{promise.id}** {promise.sentence}",
        f"  *Not covered:* {promise.not_covered}",
        f"  *Tests:* accepted in {_link(promise.accepted)}, refused in {_link(promise.refused)}.",
    ]


def _limited(limit: Limit) -> list[str]:
    told = [] if limit.shown is None else [f"  *Test:* {_link(limit.shown)}."]
    return [f"- **{limit.id}** {limit.sentence}", *told]


def _link(test: str) -> str:
    file, _, name = test.partition("[")[0].partition("::")
    return f"[`{name}`](../../{file})"


if __name__ == "__main__":
    PAGE.write_text(rendered(), "utf-8")
