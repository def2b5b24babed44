"""The files of web/: where they are, what they hash to, and the route that serves them.

Everything is read once at start, so the bytes that were hashed are the bytes that are served.
"""

import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from ledger.errors import NotFoundError
from ledger.http.headers import FOR_EVER, FRESH
from ledger.http.routes import Routes

# A static import or re-export; `import("…")` in a function is loaded when it is asked for.
_IMPORT = re.compile(
    rb"""^(?:import|export)\b(?:[^;"'()]*\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE
)


class Asset(msgspec.Struct, frozen=True):
    """One file as it is served."""

    content: bytes
    media_type: str


class Assets:
    """The static files under one content hash; a changed file changes every address."""

    def __init__(self, web: Path) -> None:
        """Read `web/static`; templates stay on disk, their directory is `templates`."""
        static = web / "static"
        self.templates = web / "templates"
        self.files: Mapping[str, Asset] = {
            path.relative_to(static).as_posix(): Asset(path.read_bytes(), _media_type(path))
            for path in sorted(static.rglob("*"))
            if path.is_file()
        }
        self.tree_hash = _tree_hash(self.files)

    def url(self, path: str) -> str:
        """Return the address of one file, e.g. `css/base.css`; raise KeyError for no such file."""
        if path not in self.files:
            raise KeyError(path)
        return f"/static/{self.tree_hash}/{path}"

    def modules(self, entry: str) -> list[str]:
        """Return the addresses of all modules that `entry` imports, however deep.

        Pages preload them, or each level of imports would cost one more round trip.
        """
        found: list[str] = []
        waiting = [entry]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found.append(path)
            for name in _IMPORT.findall(self.files[path].content):
                beside = posixpath.join(posixpath.dirname(path), name.decode())
                waiting.append(posixpath.normpath(beside))
        return [self.url(path) for path in found[1:]]

    def router(self) -> Routes:
        """Return the routes that serve the files: their hashed addresses, and /favicon.ico."""

        @get("/static/{tree:str}/{path:path}", sync_to_thread=False, include_in_schema=False)
        def serve(tree: FromPath[str], path: FromPath[str]) -> Response[bytes]:
            asset = self.files.get(str(path).lstrip("/"))
            # Another tree's file must not be answered with this one's: it would be kept for ever.
            if asset is None or tree != self.tree_hash:
                raise NotFoundError("not_found", "there is no such file")
            return Response(asset.content, media_type=asset.media_type, headers=FOR_EVER)

        @get("/favicon.ico", sync_to_thread=False, include_in_schema=False)
        def favicon() -> Response[bytes]:
            asset = self.files["favicon.svg"]
            return Response(asset.content, media_type=asset.media_type, headers=FRESH)

        return Routes("/", route_handlers=[serve, favicon])


def find_web() -> Path:
    """Return the directory of the web files: in the installed package, or in the checkout.

    Raises FileNotFoundError where there is neither.
    """
    package = Path(__file__).resolve().parents[1]
    for web in (package / "web", package.parents[1] / "web"):
        if (web / "static").is_dir() and (web / "templates").is_dir():
            return web
    raise FileNotFoundError("the web files (ledger/web) are missing from this installation")


def verifier_page() -> bytes | None:
    """Return the offline verifier, one page that needs no network; None if there is none."""
    page = find_web() / "verify.html"
    return page.read_bytes() if page.is_file() else None


def _tree_hash(files: Mapping[str, Asset]) -> str:
    """Return 16 hex characters that change when any file's name or content does."""
    lines = (
        f"{hashlib.sha256(file.content).hexdigest()}  {path}\n" for path, file in files.items()
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _media_type(path: Path) -> str:
    # The table of the machine may call .js something that browsers refuse for modules.
    known = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    return (
        known.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
