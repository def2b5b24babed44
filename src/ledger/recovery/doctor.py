"""Check a ledger's installation: what is wrong, and what to do about it. Repairs nothing.

Each check is one line. A fault stops the ledger now, or would prevent a restore; a warning can
become a fault.
"""

import shutil
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from ledger import clock
from ledger.commands.founding import require_registrable
from ledger.data_files import BACKUP_FILE
from ledger.domain.charter import Charter
from ledger.errors import LedgerError, MalformedError
from ledger.jose import SigningKey
from ledger.publish.log_keys import LogKeys
from ledger.recovery import staging
from ledger.recovery.manifest import BackupManifest
from ledger.recovery.memories import KnownTree, ask_witnesses
from ledger.settings import Settings
from ledger.store.engines import copies, open_existing, remembered
from ledger.store.log import Log

DAY_MS = 24 * 60 * 60 * 1000
LEAST_FREE_BYTES = 2 * 1024**3
MOST_BACKUP_DAYS = 7
LEAST_CERTIFICATE_DAYS = 14
TLS_WAIT_S = 5.0

Health = Literal["ok", "warning", "fault"]
CheckedPart = Literal[
    "settings", "tls", "clock", "disk", "permissions", "keys", "memory", "backups", "witnesses"
]


class Diagnosis(msgspec.Struct, frozen=True):
    """What one check found, and what to do; `advice` is empty if all is well."""

    part: CheckedPart
    health: Health
    says: str
    advice: str = ""


class _Opened(NamedTuple):
    """What the checks read of the log."""

    charter: Charter
    newest: int
    size: int
    at_ms: int
    not_signing: LedgerError | None


def examine(settings: Settings, backups: Path | None, *, now_ms: int) -> list[Diagnosis]:
    """Return what every check found, in a fixed order.

    Raises NotFoundError `not_founded`, and what opening the log raises.
    """
    modes = [*_permissions(settings)]  # before the log is opened, which narrows its modes
    opened = _read(settings)
    checks: list[Callable[[], Iterator[Diagnosis]]] = [
        lambda: _settings(settings, opened.charter),
        lambda: _tls(settings, now_ms),
        lambda: _clock(opened, now_ms),
        lambda: _disk(settings.data),
        lambda: iter(modes),
        lambda: _keys(settings, opened),
        lambda: _memory(settings, opened),
        lambda: _backups(backups, now_ms),
        lambda: _witnesses(settings, opened),
    ]
    return [found for check in checks for found in check()]


def _read(settings: Settings) -> _Opened:
    with closing(Log(open_existing(settings.data))) as log, closing(log.store.tree()) as tree:
        keys = LogKeys(log.store, settings.log_keys)
        newest, size = tree.latest(), tree.head()
        (last,) = log.events_at([size])
        return _Opened(
            charter=keys.charter,
            newest=0 if newest is None else newest.size,
            size=size,
            at_ms=clock.to_ms(last.event.at),
            not_signing=keys.why_not_signing(size + 1),
        )


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
    days = int(ssl.cert_time_to_seconds(ends) * 1000 - now_ms) // DAY_MS
    if days < LEAST_CERTIFICATE_DAYS:
        advice = "renew the certificate of the proxy"
        yield Diagnosis("tls", "warning", f"the certificate ends in {days} days", advice)
    else:
        yield Diagnosis("tls", "ok", f"the certificate of {host} is good for {days} days")


def _clock(opened: _Opened, now_ms: int) -> Iterator[Diagnosis]:
    ahead_s = (opened.at_ms - now_ms) // 1000
    if ahead_s > 0:
        says = f"the newest event is {ahead_s} s in the future"
        yield Diagnosis("clock", "fault", says, "set this machine's clock, and keep it with NTP")
    else:
        yield Diagnosis("clock", "ok", f"the newest event is {-ahead_s} s old")


def _disk(data: Path) -> Iterator[Diagnosis]:
    free = shutil.disk_usage(data).free
    log = copies().stored_bytes(data)
    says = f"{free // 1024**2:,} MiB are free, and the log has {log // 1024**2:,} MiB"
    if free < max(LEAST_FREE_BYTES, log):
        advice = "make room: read models are rebuilt beside the log, and a full disk stops writing"
        yield Diagnosis("disk", "warning", says, advice)
    else:
        yield Diagnosis("disk", "ok", says)


def _permissions(settings: Settings) -> Iterator[Diagnosis]:
    data = settings.data
    inside = [path for path in data.iterdir() if path.is_file()] if data.is_dir() else []
    paths = {data, *inside, settings.log_keys.file}
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


def _keys(settings: Settings, opened: _Opened) -> Iterator[Diagnosis]:
    own = settings.own_key
    if isinstance(own, Path):
        try:
            is_own = SigningKey.from_pem(own.read_bytes()).jwk == opened.charter.key
        except (OSError, LedgerError):
            is_own = False
        if not is_own:
            says = f"{own} is not the ledger's own key, or is missing"
            advice = "bring it back from a backup with keys; log keys cannot be rotated without it"
            yield Diagnosis("keys", "fault", says, advice)
            return
    if opened.not_signing is not None and not opened.charter.frozen:
        advice = "bring the keys back from a backup, or run `ledger log rotate-keys`"
        yield Diagnosis("keys", "fault", opened.not_signing.detail, advice)
    else:
        yield Diagnosis("keys", "ok", "the ledger's own key and the log's keys are there")


def _memory(settings: Settings, opened: _Opened) -> Iterator[Diagnosis]:
    known = [
        each.checkpoint.size
        for each in remembered(settings.signer_memory) or ()
        if each.checkpoint.origin == opened.charter.log_origin
    ]
    if not known and opened.newest:
        says = "the signer's memory is gone, so nothing is signed or taken"
        yield Diagnosis("memory", "fault", says, "run `ledger log confirm`")
    elif known and known[0] > opened.size:
        says = f"{known[0]:,} entries were signed, and the log has {opened.size:,}"
        yield Diagnosis("memory", "fault", says, "run `ledger restore` with the newest backup")
    else:
        yield Diagnosis("memory", "ok", f"the newest checkpoint has {opened.newest:,} entries")


def _backups(directory: Path | None, now_ms: int) -> Iterator[Diagnosis]:
    if directory is None:
        advice = "name the directory of your backups with --backups"
        yield Diagnosis("backups", "warning", "no directory of backups was given", advice)
        return
    ages = []
    for path in directory.glob(f"*/{BACKUP_FILE}"):
        try:
            made = msgspec.json.decode(path.read_bytes(), type=BackupManifest).created_at
            ages.append((now_ms - clock.to_ms(made)) // DAY_MS)
        except (msgspec.MsgspecError, LedgerError):
            continue
    if not ages or min(ages) > MOST_BACKUP_DAYS:
        says = f"the newest backup is {min(ages)} days old" if ages else f"none in {directory}"
        yield Diagnosis("backups", "warning", says, "run `ledger backup`, every day by a timer")
    else:
        yield Diagnosis("backups", "ok", f"the newest of {len(ages)} is {min(ages)} days old")


def _witnesses(settings: Settings, opened: _Opened) -> Iterator[Diagnosis]:
    if settings.witnesses is None:
        advice = "have others cosign your log: docs/how-to/witnesses-and-time.md"
        yield Diagnosis("witnesses", "warning", "no witness watches this log", advice)
        return
    for name, answer in ask_witnesses(settings, opened.charter):
        if not isinstance(answer, KnownTree):
            advice = "ask its operator whether it watches this origin with these keys"
            yield Diagnosis("witnesses", "warning", f"{name}: {answer.detail}", advice)
        elif answer.size > opened.size:
            says = f"{name} knows {answer.size:,} entries, and the log has {opened.size:,}"
            yield Diagnosis("witnesses", "fault", says, "run `ledger restore`")
        else:
            yield Diagnosis("witnesses", "ok", f"{name} cosigned {answer.size:,} entries")
