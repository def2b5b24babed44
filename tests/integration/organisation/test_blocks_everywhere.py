"""Who is ended in the directory can do nothing at any server of a database, nor in any worker.

The promise is a minute; each process reads the blocks once a second.
"""

import time
from pathlib import Path

import httpx

from tests.integration.cli.test_workers import Workers
from tests.integration.http.company import Company
from tests.integration.organisation.members import code_of, member
from tests.support.actor import policy_of
from tests.support.carried import carry
from tests.support.check import check_ledger, wait_until_published
from tests.support.directory import Directory, link
from tests.support.postgres import Cluster
from tests.support.server import Server
from tests.support.suite_database import IN_FILES
from tests.support.unused_names import unused

LEAVERS_S = 60.0
CONNECTIONS = 12  # new ones, so that each of two workers takes some


def require_ended_everywhere(company: Company, told: Server, address: str) -> None:
    """End somebody at one server; what answers at the address refuses them within a minute."""
    mia, subject = member(company), unused("sub")
    drafted = mia.draft(policy=policy_of(1, mia))
    feed = mia.client.post("/api/feeds", json={}).json()["inbox"].removeprefix(told.origin)
    assert link(mia, subject).status_code == 204
    directory = Directory(told)
    user = directory.user(unused("mia"), external_id=subject)
    own = mia.client
    for _ in range(CONNECTIONS):
        with httpx.Client(base_url=address, cookies=own.cookies, timeout=30) as there:
            assert there.get("/api/session").status_code == 200
    began_s = time.monotonic()
    assert directory.set_active(user, active=False).status_code == 200
    for _ in range(CONNECTIONS):
        with httpx.Client(base_url=address, cookies=own.cookies, timeout=30) as there:
            # A process may hear of the session's end before it reads the blocks again.
            for path, status in (("/api/session", 401), (feed, 404)):
                while there.get(path).status_code != status:
                    assert time.monotonic() - began_s < LEAVERS_S
                    time.sleep(0.05)
            mia.client = there
            assert code_of(mia.sign_in()) == (403, "person_blocked")
            assert code_of(mia.sign_in_by_key(unused("jti"))) == (403, "person_blocked")
            assert code_of(mia.approve(drafted)) == (403, "person_blocked")
    mia.client = own
    assert directory.set_active(user, active=True).status_code == 200
    directory.client.close()


def test_who_is_ended_at_one_server_can_do_nothing_at_the_other(
    settings: dict[str, str], tmp_path: Path
) -> None:
    cluster = Cluster()
    cluster.start()
    shared = settings | {"LEDGER_DATABASE_URL": cluster.url()}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first = Server(tmp_path / "first" / "data", **shared)
    second = Server(tmp_path / "second" / "data", **shared | {"LEDGER_ORIGIN": first.origin})
    try:
        first.start()
        company = Company(first)
        wait_until_published(first)
        carry(first.data, second.data)
        second.start()
        require_ended_everywhere(company, first, second.address)
        for client in company.clients:
            client.close()
        check_ledger(first)
    finally:
        first.stop()
        second.stop()
        cluster.stop()


def test_who_is_ended_can_do_nothing_in_any_worker(
    settings: dict[str, str], tmp_path: Path
) -> None:
    server = Workers(tmp_path / "data", **settings | IN_FILES)
    server.start()
    try:
        company = Company(server)
        require_ended_everywhere(company, server, server.address)
        for client in company.clients:
            client.close()
    finally:
        server.stop()
