"""One name, one meaning: the glossary is held to the code, and each constant is written once."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"
ROW = re.compile(
    r"\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| (?P<places>[^|]+) \| (?P<not_>[^|]*) ?\|"
)
PLACE = re.compile(r"`([a-z_.]+)(?::([A-Za-z_]+))?`")

# Every read model has these, because the follower asks each module for them (projections/views.py).
OF_EVERY_VIEW = {"NAME", "TABLES", "INDEXES", "VERSION"}

# Equal values that mean different things, each with what they mean.
TWO_CONSTANTS = {
    "ledger.cli.download.MAX_KEYS_BYTES": "a limit of its own: what a download reads of keys",
    "ledger.domain.document.MAX_DOCUMENT_BYTES": "a limit of its own, in the format of documents",
    "ledger.tlog.witness_policy.MAX_POLICY_BYTES": "a limit of its own: a witness policy's file",
    "ledger.http.passkey_responses.MAX_SMALL_BYTES": "a limit of its own: most request bodies",
    "ledger.keystore.ssh_agent.MAX_ANSWER_BYTES": "as much as OpenSSH reads of an agent's answer",
    "ledger.publish.shown_beside.MOST_BYTES": "a limit of its own: a bundle made in memory",
    "ledger.timestamp.response.MAX_STAMP_BYTES": "a limit of its own: an authority's answer",
    "ledger.sqlite.files.MAX_INTEGER": "the largest integer that SQLite stores",
    "ledger.http.connection.SLICE_BYTES": "how much of a read is parsed at a time",
    "ledger.clock.SKEW_MS": "how far a signer's clock may be from ours",
    "ledger.commands.ceremonies.CEREMONY_MS": "how long a person has for a passkey ceremony",
}

# Words that are not used in names, and the word that is.
BANNED = {
    "behind": "after, later",
    "helper": "the subject's own name",
    "helpers": "the subject's own name",
    "misc": "the subject's own name",
    "util": "the subject's own name",
    "utils": "the subject's own name",
    "vote": "approval, decision",
    "votes": "approval, decision",
    "whole": "all, full, encoded",
    "wire": "connection, encoded",
}
# What is signed is a JWS. A token is one of these: a secret that opens something, or the
# TimeStampToken of RFC 3161.
TOKENS = {
    "ledger.audit.endorsements": "TimeStampToken",
    "ledger.http.mailboxes": "the token of a person's feeds",
    "ledger.http.scim": "the bearer token of the organisation's directory",
    "ledger.http.sessions": "a session's token",
    "ledger.messages.letters": "the token that ends mail",
    "ledger.organisation.id_tokens": "an ID token",
    "ledger.organisation.provider": "an ID token",
    "ledger.pages.feeds": "the token of a person's feeds",
    "ledger.pages.leaving": "the token that ends mail",
    "ledger.store.session_tokens": "a session's token",
    "ledger.store.ports.messages": "the token of a person's feeds",
    "ledger.store.postgres.mailboxes": "the token of a person's feeds",
    "ledger.store.postgres.messages": "the token of a person's feeds",
    "ledger.store.sqlite.mailboxes": "the token of a person's feeds",
    "ledger.store.sqlite.messages": "the token of a person's feeds",
    "ledger.keystore.hsm": "a PKCS#11 token",
    "ledger.keystore.places": "a PKCS#11 token",
    "ledger.store.ports.endorsements": "TimeStampToken",
    "ledger.store.sqlite.endorsements": "TimeStampToken",
    "ledger.store.async_state": "a session's token",
    "ledger.store.ports.operations": "a session's token",
    "ledger.store.postgres.operations": "a session's token",
    "ledger.store.sqlite.operations": "a session's token",
    "ledger.timestamp.response": "TimeStampToken",
    "ledger.webauthn_grammar.client_data": "WebAuthn's tokenBinding",
}


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the package and of the read models by its dotted name."""
    found = {}
    for base, top in ((ROOT / "src", "ledger"), (ROOT, "projections")):
        for path in sorted((base / top).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text("utf-8"))
    return found


def assigned(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, value) of everything that a module assigns at its top."""
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def types_of(module: ast.Module) -> Iterator[str]:
    """Yield the public classes and type aliases of a module; a TypeVar is one module's own."""
    for node in module.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
    for name, value in assigned(module):
        is_type_var = isinstance(value, ast.Call) and ast.unparse(value.func) == "TypeVar"
        if re.fullmatch(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", name) and not is_type_var:
            yield name


def names_in(module: ast.Module) -> Iterator[str]:
    """Yield every name that a module gives: classes, functions, arguments, variables, members."""
    for node in ast.walk(module):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


@cache
def names() -> dict[str, frozenset[str]]:
    """Return the names that each module gives, and its own last name."""
    return {
        module: frozenset((module.rpartition(".")[2], *names_in(tree)))
        for module, tree in modules().items()
    }


@cache
def given_by(module: str) -> set[str]:
    """Return the names that others may import from a module: a package hands on its modules'."""
    imported = [node for node in modules()[module].body if isinstance(node, ast.ImportFrom)]
    return {*names()[module], *(each.name for node in imported for each in node.names)}


@cache
def words_in(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@cache
def tables() -> list[list[re.Match[str]]]:
    """Return the rows of each subject, in the order of the page."""
    found: list[list[re.Match[str]]] = []
    for section in GLOSSARY.read_text("utf-8").split("\n## ")[1:]:
        lines = [line for line in section.splitlines() if line.startswith("| ")]
        matches = [match for line in lines if (match := ROW.fullmatch(line)) is not None]
        assert len(matches) == len(lines)
        found.append(matches[1:])  # the first has the columns' names
    return found


def rows() -> list[re.Match[str]]:
    return [row for table in tables() for row in table]


def test_the_glossary_names_what_there_is() -> None:
    missing = []
    for row in rows():
        places = PLACE.findall(row["places"])
        assert places, row["word"]
        for module, name in places:
            if module not in modules() or (name and name not in given_by(module)):
                missing.append(f"{row['word']}: {module}:{name}")
    assert missing == []


def test_every_word_has_one_row_in_alphabetical_order_and_one_sentence() -> None:
    words = [row["word"] for row in rows()]
    assert len(words) == len(set(words))
    for table in tables():
        subject = [row["word"] for row in table]
        assert subject == sorted(subject, key=str.lower)
    for row in rows():
        assert re.fullmatch(r"[^.]+(?:\.[^ .][^.]*)*\.", row["meaning"].strip()), row["word"]


def test_every_public_class_and_type_alias_is_defined_once() -> None:
    places = defaultdict(list)
    for module, tree in modules().items():
        for name in types_of(tree):
            places[name].append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("word", sorted(BANNED))
def test_no_name_has_a_word_that_says_nothing_or_something_else(word: str) -> None:
    found = [
        f"{module}: {name}"
        for module, given in names().items()
        for name in given
        if word in words_in(name)
    ]
    assert found == [], f"say instead: {BANNED[word]}"


def test_a_token_is_never_a_jws() -> None:
    found = {
        module
        for module, given in names().items()
        for name in given
        if "token" in words_in(name) and not module.startswith(tuple(TOKENS))
    }
    assert found == set()


def literals() -> Iterator[tuple[str, str]]:
    """Yield (value, module.NAME) of every text, bytes, expression or tuple of a module's top."""
    for module, tree in modules().items():
        for name, value in assigned(tree):
            match value:
                case ast.Constant(value=str() | bytes()):
                    yield ast.unparse(value), f"{module}.{name}"
                case ast.Tuple(elts=[_, *_]):
                    yield ast.unparse(value), f"{module}.{name}"
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                    yield ast.unparse(value), f"{module}.{name}"
                case ast.BinOp() if name.isupper():
                    yield ast.unparse(value), f"{module}.{name}"


def test_each_constant_is_written_once() -> None:
    places = defaultdict(list)
    for value, place in literals():
        if place.rpartition(".")[2] not in OF_EVERY_VIEW and place not in TWO_CONSTANTS:
            places[value].append(place)
    assert {value: where for value, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("place", sorted(TWO_CONSTANTS))
def test_what_is_excepted_is_there(place: str) -> None:
    assert place in {each for _, each in literals()}
