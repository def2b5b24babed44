"""Check a ledger's installation: what is wrong, and what to do about it. Repairs nothing.

Each check is one line. A fault stops the ledger now, or would prevent a restore; a warning can
become a fault.
"""

import shutil
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from ledger import clock
from ledger.commands.founding import require_registrable
from ledger.commands.ledger_clock import LedgerClock
from ledger.data_files import BACKUP_FILE
from ledger.domain.charter import Charter
from ledger.errors import CorruptError, LedgerError, MalformedError, UnavailableError
from ledger.publish.served import read_policy
from ledger.recovery import staging
from ledger.recovery.inspection import (
    InspectedLog,
    heads_key_trouble,
    inspect,
    log_keys_trouble,
    own_key_trouble,
    require_memory,
)
from ledger.recovery.manifest import BackupManifest
from ledger.recovery.memories import KnownTree, ask_witnesses
from ledger.recovery.sealed_keys import key_files
from ledger.settings import Settings
from ledger.store.engines import copies
from ledger.store.ports.log import Head
from ledger.system.smtp import SmtpConnection
from ledger.system.wall_clock import WallClock

LEAST_FREE_BYTES = 2 * 1024**3
MOST_BACKUP_DAYS = 7
LEAST_CERTIFICATE_DAYS = 14
TLS_WAIT_S = 5.0

Health = Literal["ok", "warning", "fault"]
CheckedPart = Literal[
    "settings",
    "tls",
    "clock",
    "disk",
    "permissions",
    "keys",
    "memory",
    "backups",
    "witnesses",
    "mail",
]


class Diagnosis(msgspec.Struct, frozen=True):
    """What one check found, and what to do; `advice` is empty if all is well."""

    part: CheckedPart
    health: Health
    says: str
    advice: str = ""


def examine(settings: Settings, backups: Path | None, *, now_ms: int) -> list[Diagnosis]:
    """Return what every check found, in a fixed order; change nothing.

    Raises NotFoundError `not_founded`, and what reading the log raises.
    """
    log = inspect(settings)
    checks: list[Callable[[], Iterator[Diagnosis]]] = [
        lambda: _settings(settings, log.charter),
        lambda: _tls(settings, now_ms),
        lambda: _clock(settings, log.head, now_ms),
        lambda: _disk(settings),
        lambda: _permissions(settings),
        lambda: _keys(settings, log),
        lambda: _memory(settings, log),
        lambda: _backups(backups, now_ms),
        lambda: _witnesses(settings, log),
        lambda: _mail(settings),
    ]
    return [found for check in checks for found in check()]


def _settings(settings: Settings, charter: Charter) -> Iterator[Diagnosis]:
    try:
        require_registrable(settings.rp_id, settings.origin)
    except MalformedError as error:
        yield Diagnosis("settings", "fault", error.detail, "set LEDGER_RP_ID to your own domain")
        return
    if charter.party != settings.party:
        says = f"the ledger was founded at {charter.party.origin} ({charter.party.rp_id})"
        advice = "set LEDGER_ORIGIN and LEDGER_RP_ID to these; passkeys work nowhere else"
        yield Diagnosis("settings", "fault", says, advice)
    elif staging.is_ready(settings.data):
        says = "a restore was interrupted"
        yield Diagnosis("settings", "fault", says, "run `ledger restore` again to finish it")
    else:
        says = f"{settings.origin} and {settings.rp_id}, as at the founding"
        yield Diagnosis("settings", "ok", says)


def _tls(settings: Settings, now_ms: int) -> Iterator[Diagnosis]:
    parts = urlsplit(settings.origin)
    host, port = parts.hostname or "", parts.port or 443
    if parts.scheme != "https":
        yield Diagnosis("tls", "ok", "the ledger is for this machine alone, without TLS")
        return
    try:
        context = ssl.create_default_context()
        with (
            socket.create_connection((host, port), TLS_WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            ends = str((secure.getpeercert() or {}).get("notAfter", ""))
    except (OSError, ValueError) as error:
        advice = "look at the proxy, its certificate and the DNS entry: docs/how-to/proxy"
        yield Diagnosis("tls", "fault", f"{host}:{port} does not answer with TLS: {error}", advice)
        return
    days = int(ssl.cert_time_to_seconds(ends) * 1000 - now_ms) // clock.DAY_MS
    if days < LEAST_CERTIFICATE_DAYS:
        advice = "renew the certificate of the proxy"
        yield Diagnosis("tls", "warning", f"the certificate ends in {days} days", advice)
    else:
        yield Diagnosis("tls", "ok", f"the certificate of {host} is good for {days} days")


def _clock(settings: Settings, head: Head, now_ms: int) -> Iterator[Diagnosis]:
    wall = WallClock(lambda: now_ms * 1_000_000)
    problem = LedgerClock(wall, head, settings.clock_confirmed).problem()
    if problem is not None:  # what a server that is started now would say
        advice = "set this machine's clock, and keep it with NTP"
        yield Diagnosis("clock", "fault", problem.detail, advice)
    else:
        age_s = (now_ms - head.at_ms) // 1000
        yield Diagnosis("clock", "ok", f"the newest event is {age_s} s old")


def _disk(settings: Settings) -> Iterator[Diagnosis]:
    free = shutil.disk_usage(settings.data).free
    log = copies().stored_bytes(settings.data) if settings.database is None else 0
    where = f"the log has {log // 1024**2:,} MiB" if log else "the log is in a database"
    says = f"{free // 1024**2:,} MiB are free, and {where}"
    if free < max(LEAST_FREE_BYTES, log):
        advice = "make room: read models are rebuilt beside the log, and a full disk stops writing"
        yield Diagnosis("disk", "warning", says, advice)
    else:
        yield Diagnosis("disk", "ok", says)


def _permissions(settings: Settings) -> Iterator[Diagnosis]:
    data = settings.data
    inside = [path for path in data.iterdir() if path.is_file()] if data.is_dir() else []
    paths = {data, *inside, *key_files(settings).values()}
    wide = [
        str(path)
        for path in sorted(paths)
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if wide:
        says = f"others may open {', '.join(wide)}"
        advice = "take the rights of group and others away: chmod go= on each"
        yield Diagnosis("permissions", "fault", says, advice)
    else:
        yield Diagnosis("permissions", "ok", "only the owner may open the data directory")


def _keys(settings: Settings, log: InspectedLog) -> Iterator[Diagnosis]:
    own = own_key_trouble(settings, log.charter)
    heads = heads_key_trouble(settings, log.charter)
    ours = log_keys_trouble(settings, log)
    if own:
        advice = "bring it back from a backup with keys, or look at its device; log keys cannot be"
        yield Diagnosis("keys", "fault", own, f"{advice} rotated without it")
    if ours:
        advice = "bring the keys back from a backup, or run `ledger log rotate-keys`"
        yield Diagnosis("keys", "fault", ours, advice)
    if heads:
        advice = "bring it back from a backup with keys: bundles of mode statement need it"
        yield Diagnosis("keys", "fault", heads, advice)
    if not own and not heads and not ours:
        yield Diagnosis("keys", "ok", "the ledger's own key, its heads key and the log's are there")


def _memory(settings: Settings, log: InspectedLog) -> Iterator[Diagnosis]:
    try:
        require_memory(settings, log)
    except UnavailableError as error:
        advice = "run `ledger log confirm`, or `ledger restore` with the newest backup"
        yield Diagnosis("memory", "fault", error.detail, advice)
    except CorruptError as error:
        advice = "run `ledger restore` with the newest backup"
        yield Diagnosis("memory", "fault", error.detail, advice)
    else:
        yield Diagnosis("memory", "ok", f"the newest checkpoint has {log.newest:,} entries")


def _backups(directory: Path | None, now_ms: int) -> Iterator[Diagnosis]:
    if directory is None:
        advice = "name the directory of your backups with --backups"
        yield Diagnosis("backups", "warning", "no directory of backups was given", advice)
        return
    ages = []
    for path in directory.glob(f"*/{BACKUP_FILE}"):
        try:
            made = msgspec.json.decode(path.read_bytes(), type=BackupManifest).created_at
            ages.append((now_ms - clock.to_ms(made)) // clock.DAY_MS)
        except (msgspec.MsgspecError, LedgerError):
            continue
    if not ages or min(ages) > MOST_BACKUP_DAYS:
        says = f"the newest backup is {min(ages)} days old" if ages else f"none in {directory}"
        yield Diagnosis("backups", "warning", says, "run `ledger backup`, every day by a timer")
    else:
        yield Diagnosis("backups", "ok", f"the newest of {len(ages)} is {min(ages)} days old")


def _witnesses(settings: Settings, log: InspectedLog) -> Iterator[Diagnosis]:
    if settings.witnesses is None:
        advice = "have others cosign your log: docs/how-to/witnesses-and-time.md"
        yield Diagnosis("witnesses", "warning", "no witness watches this log", advice)
        return
    try:
        read_policy(settings.witnesses, log.charter.log_origin)
        answers = [*ask_witnesses(settings, log.charter)]
    except (LedgerError, OSError) as error:
        advice = "correct the file that LEDGER_WITNESSES names; a server does not start with it"
        yield Diagnosis("witnesses", "fault", str(error), advice)
        return
    for name, answer in answers:
        if not isinstance(answer, KnownTree):
            advice = "ask its operator whether it watches this origin with these keys"
            yield Diagnosis("witnesses", "warning", f"{name}: {answer.detail}", advice)
        elif answer.size > log.head.stored:
            says = f"{name} knows {answer.size:,} entries, and the log has {log.head.stored:,}"
            yield Diagnosis("witnesses", "fault", says, "run `ledger restore`")
        else:
            yield Diagnosis("witnesses", "ok", f"{name} cosigned {answer.size:,} entries")


def _mail(settings: Settings) -> Iterator[Diagnosis]:
    if settings.smtp is None:
        yield Diagnosis("mail", "ok", "no mail server is set: nobody gets mail")
        return
    where = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        SmtpConnection(settings.smtp).close()
    except UnavailableError as error:
        advice = "look at LEDGER_SMTP_URL and the mail server; mail waits meanwhile"
        yield Diagnosis("mail", "warning", f"{where}: {error.detail}", advice)
        return
    yield Diagnosis("mail", "ok", f"{where} takes mail from {settings.mail_from}")
