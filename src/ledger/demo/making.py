"""Make the directory of a demonstration: all of it, or nothing.

It is made beside its place under a name that begins with a dot, and takes its place at the end by
one rename. An interruption deletes what there is; after a power cut it stays, and may be deleted.
"""

import asyncio
import logging
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ledger.data_files import GENUINE_BUNDLE, LOG_FILE, LOG_VKEY, TAMPERED_BUNDLE
from ledger.demo import bundles
from ledger.demo.in_process import Browser, StopSignal
from ledger.demo.member import Member
from ledger.demo.story import Cast, Links, Tell, tell
from ledger.domain.redeeming import SECRET_BYTES
from ledger.encoding import b64u_encode
from ledger.errors import ConflictError, LedgerError
from ledger.server import Served, build
from ledger.settings import Settings, read_settings
from ledger.system import private_files

NAMES = [each.title() for each in Cast._fields]


class Made(NamedTuple):
    """What a newcomer is told: ids of statements by what they show, and the secret of a link."""

    statements: dict[str, str]
    link: str


def settings_of(data: Path, port: int) -> Settings:
    """Return the settings of a demonstration: those of a new ledger on this machine.

    Nothing is taken from the environment, so no key, witness or authority of another ledger is
    used. Raises MalformedError `setting_invalid` for an impossible port.
    """
    name = "Ledger for a demonstration"
    origin = f"http://localhost:{port}"
    return read_settings({"LEDGER_DATA": str(data), "LEDGER_NAME": name, "LEDGER_ORIGIN": origin})


def require_free(data: Path) -> None:
    """Require a directory that does not exist, or is empty.

    Raises ConflictError `demo_exists` where there is a ledger, `not_empty` where there is anything
    else.
    """
    if (data / LOG_FILE).exists():
        detail = f"{data} has a ledger: serve it with `ledger serve`, or name another directory"
        raise ConflictError("demo_exists", detail)
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise ConflictError("not_empty", f"{data} is not an empty directory: name another one")


def make(data: Path, port: int, say: Tell) -> Made:
    """Make the ledger in a directory, with its story and its bundles; serve nothing.

    `say` is told each step before it is taken. Raises as `require_free`, `settings_of` and `build`
    do, and UnavailableError if the ledger cannot write, or `demo_interrupted` after a signal.
    """
    require_free(data)
    aside = Path(tempfile.mkdtemp(prefix=f".{data.name}-", dir=data.parent))
    try:
        with _quiet():
            made = asyncio.run(_filled(settings_of(aside, port), say))
        require_free(data)  # another process may have used it meanwhile; a rename refuses it, too
        aside.rename(data)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return made


async def _filled(settings: Settings, say: Tell) -> Made:
    loop, stop = asyncio.get_running_loop(), StopSignal()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.ask)
    say("A new ledger is founded")
    served = build(settings)
    async with served.application.lifespan():
        # An error that left this block would come out as one of a group.
        told = await _story(settings, served, say, stop)
    if isinstance(told, LedgerError):
        raise told
    stop.check()
    made, genuine = told
    for name, content in (
        (GENUINE_BUNDLE, genuine),
        (TAMPERED_BUNDLE, bundles.tampered(genuine)),
        (LOG_VKEY, bundles.log_keys(genuine)),
    ):
        private_files.create(settings.data / name, content)
    return made


async def _story(
    settings: Settings, served: Served, say: Tell, stop: StopSignal
) -> tuple[Made, bytes] | LedgerError:
    """Return what there is to see and the genuine bundle, or why the story stopped."""
    party = {"rp_id": settings.rp_id, "origin": settings.origin}
    cast = Cast(*(Member(each, Browser(served.front, stop), **party) for each in NAMES))
    first = settings.setup_secret.read_text(encoding="ascii")
    spare = b64u_encode(secrets.token_bytes(SECRET_BYTES))
    try:
        told = await tell(cast, Links(first, spare), say, stop)
        say("One statement's evidence is exported, and a copy of it is tampered with")
        return Made(told.statements, spare), await cast.omar.evidence(told.document)
    except LedgerError as error:
        return error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the server from printing the first administrator's link, which is used at once."""
    log = logging.getLogger("ledger")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
