"""Write web/verify.html, the offline verifier in one file: `python -m tests.browser.make_verifier`.

A page that is opened from a disk can load no modules, so they are put into one script here: each
module becomes a function that returns what it exports, in an order in which everything is there
before it is used. Nothing is minified, and anything that is not plainly understood is refused.
"""

import base64
import gzip
import hashlib
import json
import posixpath
import re
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger.http.catalogue import texts_in
from ledger.http.languages import DEFAULT, LANGUAGES
from tests.support.dossier import log_signer

WEB = Path(__file__).parents[2] / "web"
PAGE = WEB / "verify.html"
ENTRY = "verify/page.js"
OWN_STYLES = ("verify/page.css", "verify/report.css")
SAMPLE = Path(__file__).parents[1] / "vectors" / "evidence" / "statement.zip"

_STYLE = re.compile(r"""<link rel="stylesheet" href="{{ static\('(.+)'\) }}">""")
_IMPORT = re.compile(r'^import (\{[^}]*\}|\* as \w+) from "(\.\.?/[\w./-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
# What would mean something else in one script, or would end it.
_REFUSED = re.compile(
    r"^\s*(?:import|export)\b|\bimport\s*\(|import\.meta|</script|<!--", re.MULTILINE
)
_MODULE = """
// ---- {path}
const {name} = (() => {{
{body}return {{ {exported} }};
}})();
"""


def bundle(entry: str, web: Path = WEB) -> str:
    """Return one script that does what the module `entry` does, its imports before it."""
    done: dict[str, str] = {}
    _add(entry, web, done, ())
    return '"use strict";\n' + "".join(done.values())


def _add(path: str, web: Path, done: dict[str, str], waiting: tuple[str, ...]) -> None:
    if path in waiting:
        raise ValueError(f"modules that import each other: {' → '.join((*waiting, path))}")
    if path in done:
        return
    source = (web / path).read_text("utf-8")
    for _, name in _IMPORT.findall(source):
        _add(_resolve(path, name), web, done, (*waiting, path))
    body = _EXPORT.sub("", _IMPORT.sub(lambda found: _imported(path, found), source))
    if found := _REFUSED.search(body):
        raise ValueError(f"{path}: {found[0].strip()!r} cannot be put into one script")
    exported = ", ".join(_EXPORT.findall(source))
    done[path] = _MODULE.format(path=path, name=_name(path), body=body, exported=exported)


def _resolve(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _imported(path: str, found: re.Match[str]) -> str:
    names = found[1].removeprefix("* as ").replace(" as ", ": ")
    return f"const {names} = {_name(_resolve(path, found[2]))};\n"


def _name(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removeprefix("static/js/").removesuffix(".js"))


def hash_source(text: str) -> str:
    """Return the source expression of a policy that allows exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(script: str, style: str) -> str:
    """Return the content security policy of the page: these two texts, and no request at all."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {hash_source(script)}",
            f"style-src {hash_source(style)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def pack(raw: bytes) -> str:
    """Return bytes compressed, as base64url; other versions of zlib make other bytes of it."""
    return base64.urlsafe_b64encode(gzip.compress(raw, mtime=0)).decode().rstrip("=")


def unpack(text: str) -> bytes:
    """Return what was packed."""
    return gzip.decompress(base64.urlsafe_b64decode(text + "=="))


def _styles() -> list[str]:
    """Return the style sheets of the other pages, in the order in which they link them."""
    layout = (WEB / "templates" / "layout.html").read_text("utf-8")
    return [f"static/{path}" for path in _STYLE.findall(layout)]


def texts(tag: str = DEFAULT) -> dict[str, str]:
    """Return the texts of this page, and those that the modules of other pages look for in it."""
    wanted = "content.no- finding. list. policy. service.actor status. time. verify.".split()
    return {key: text for key, text in texts_in(tag).items() if key.startswith(tuple(wanted))}


def build(sample: str) -> str:
    """Return the page with this packed sample in it."""
    script = bundle(ENTRY)
    style = "\n".join((WEB / path).read_text("utf-8") for path in (*_styles(), *OWN_STYLES))
    spoken: dict[str, dict[str, str]] = {tag: texts(tag) for tag in LANGUAGES}
    # No escaping: everything that goes in is of this repository, and scripts are no HTML.
    pages = Environment(
        loader=FileSystemLoader(WEB),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - see above
    )
    pages.filters["json"] = partial(json.dumps, ensure_ascii=False)
    return pages.get_template("verify/page.html").render(
        policy=policy(script, style),
        script=script,
        script_hash=hashlib.sha256(script.encode()).hexdigest(),
        style=style,
        texts=spoken[DEFAULT],
        languages=spoken,
        names=LANGUAGES,
        sample=sample,
        sample_key=log_signer().key.vkey,
    )


if __name__ == "__main__":
    PAGE.write_text(build(pack(SAMPLE.read_bytes())), "utf-8")
