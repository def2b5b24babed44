"""What the reference says there is, there is; and what there is, it says."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ledger import errors, settings
from ledger.domain import events
from ledger.system import organisation_settings, tls_files

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


@cache
def trees() -> list[ast.Module]:
    """Return every module of the package and the read models."""
    sources = [*(ROOT / "src" / "ledger").rglob("*.py"), *(ROOT / "projections").rglob("*.py")]
    return [ast.parse(source.read_text()) for source in sources]


def words_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def error_names() -> frozenset[str]:
    """Return the name of every error class, and of every class that derives from one."""
    found = {name for name in vars(errors) if name.endswith("Error")}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and found & {_name(base) for base in node.bases}:
                found.add(node.name)
    return frozenset(found)


def raised_codes() -> set[str]:
    """Return every code that is written out where an error is raised or answered."""
    found = {code for code, _ in events.TAKEN.values()}
    for tree in trees():
        takers = dict.fromkeys(error_names(), 0) | dict(_functions_that_take_a_code(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := _name(node.func)) in takers:
                found |= {
                    str(each.value)
                    for each in node.args[takers[name] : takers[name] + 1]
                    if isinstance(each, ast.Constant) and CODE.fullmatch(str(each.value))
                }
            if isinstance(node, ast.AnnAssign) and _name(node.target) == "_FRAMEWORK_CODES":
                found |= {*words_of(node)}
    return found


def _functions_that_take_a_code(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg != "self"]
            if "code" in names:
                yield node.name, names.index("code")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def documented_codes() -> set[str]:
    """Return every code in the first column of a table, or among the reasons of `log_invalid`."""
    text = (REFERENCE / "errors.md").read_text()
    reasons = next(line for line in text.splitlines() if line.startswith("| `log_invalid`"))
    # Those of SCIM are put together from its types of errors.
    named = {code for code in codes_of_rows(text) if code.islower()}
    return named | {*re.findall(r"`([a-z0-9_]+)`", reasons)}


def codes_of_rows(text: str) -> set[str]:
    """Return every code in the column of codes of these tables."""
    found: set[str] = set()
    for line in text.splitlines():
        if line.startswith("| ") and "`" in line:
            cells = line.split("|")
            first = cells[2] if cells[1].strip().isdecimal() else cells[1]
            found |= {*re.findall(r"`([A-Za-z0-9_]+)`", first)}
    return found


def routes() -> set[tuple[str, str]]:
    """Return (method, address) of every route of the API, parameters as `{}`."""
    found = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in ("get", "post") and node.args:
                path = node.args[0]
                if isinstance(path, ast.Constant) and str(path.value).startswith(API):
                    address = re.sub(r"{[^}]*}", "{}", str(path.value))
                    found.add((_name(node.func).upper(), address))
    return found


API = ("/api/", "/healthz", "/livez", "/metrics", "/readyz", "/.well-known/")


def test_every_code_is_in_the_reference() -> None:
    assert raised_codes() - documented_codes() == set()


def test_every_code_of_the_reference_is_in_the_code() -> None:
    # `statement_<status>` is put together from the statuses.
    written = {word for tree in trees() for word in words_of(tree)}
    written |= {
        f"statement_{status}" for status in ("approved", "pending", "rejected", "withdrawn")
    }
    assert documented_codes() - written == set()


def test_every_route_is_in_the_reference_and_the_reverse() -> None:
    text = (REFERENCE / "http.md").read_text()
    documented = {
        (method, re.sub(r"{[^}]*}", "{}", path))
        for method, path in re.findall(r"`(GET|POST) (/[^`?\s]*)", text)
        if path.startswith(API)
    }
    assert documented == routes()


def test_every_setting_is_in_the_reference_with_its_default() -> None:
    rows = re.findall(r"^\| (LEDGER_\w+) \| (.*?) \|", settings.__doc__ or "", re.MULTILINE)
    text = (REFERENCE / "settings.md").read_text().replace("`", "")
    assert re.findall(r"^\| (LEDGER_\w+) \| (.*?) \|", text, re.MULTILINE) == rows
    source = Path(settings.__file__).read_text()
    source += Path(organisation_settings.__file__).read_text()
    source += Path(tls_files.__file__).read_text()
    assert {*re.findall(r'"(LEDGER_\w+)"', source)} == {name for name, _ in rows}


def test_the_reads_that_show_the_past_are_those_that_the_reference_names() -> None:
    """`Moment` is what takes `at` and `minPosition`."""
    reads, past = set(), set()
    for tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if path := _path_of_get(node):
                reads.add(path)
                names = [each.arg for each in node.args.args]
                past |= {path} if "moment" in names else set()
    assert {each for each in reads - past if each.startswith("/api/")} == {
        "/api/access-record",
        "/api/access-report",
        "/api/device-links",
        "/api/governance",
        "/api/invitations/{kid:str}",
        "/api/questions/{question:str}",
        "/api/questions/{question:str}/csv",
        "/api/questions/figures/picture",
        "/api/trail",
        "/api/events/{position:str}",
        "/api/session",
        "/api/sessions",
        "/api/wrapped-keys",
        "/api/stream",
        "/api/statements/{statement_id:str}/evidence",
        "/api/statements/{statement_id:str}/certificate",
        "/api/webhooks",
        "/api/webhooks/{webhook:str}/deliveries",
        "/api/organisation",
    }
    (section,) = re.findall(
        r"^## Reads\n(.*?)^## ", (REFERENCE / "http.md").read_text(), re.M | re.S
    )
    assert (
        "`/api/session`, `/api/sessions`, `/api/wrapped-keys`, `/api/governance`,"
        " `/api/invitations/{kid}`, `/api/stream`, `/api/webhooks`,"
        " `/api/webhooks/{id}/deliveries`, `/api/organisation`, `/api/access-record`,"
        " `/api/access-report`, `/api/questions/…`, `/api/trail`,"
        " `/api/events/{position}`, the evidence and the certificate take neither" in section
    )


def _path_of_get(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and _name(each.func) == "get":
            path = each.args[0]
            return str(path.value) if isinstance(path, ast.Constant) else ""
    return ""


def test_every_event_is_in_the_reference() -> None:
    text = (REFERENCE / "events.md").read_text()
    assert {tag for tag in events.BODIES if f"`{tag}`" not in text} == set()
