"""Strangers and members attack; the others are served, and nothing is left open.

The short form: a part of each attack's number, all kinds of a family at once, no measure of time.
`make hostile` runs each kind alone and in full, and measures.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.hostile.attacker import FAMILIES, KINDS
from tests.hostile.field import Field
from tests.hostile.observed import cost
from tests.hostile.target import ALWAYS
from tests.support.check import check_ledger
from tests.support.secure_server import SecureServer
from tests.support.server import Server

ATTACK_S = 1.5
SHARE = 0.15
MOST_MIB = 200
# Their answers are read after seconds, which the short form does not wait for.
ANSWERED_LATE = {
    "one endless header",
    "200 heads at a byte a second",
    "200 bodies at a byte a second",
    "300 unfinished bodies",
    "3,000 half-sent requests of 12 addresses",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with attacked(Server(tmp_path_factory.mktemp("hostile") / "data")) as field:
        yield field


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with attacked(SecureServer(tmp_path_factory.mktemp("hostile") / "data")) as field:
        yield field


@contextmanager
def attacked(server: Server) -> Iterator[Field]:
    server.start()
    try:
        with ExitStack() as clients:
            yield Field(server, clients)
        check_ledger(server)
    finally:
        server.stop()


@pytest.mark.parametrize("family", FAMILIES)
def test_members_are_served_beside_an_attack_and_nothing_is_left_open(
    request: pytest.FixtureRequest, family: str
) -> None:
    field: Field = request.getfixturevalue("secure" if family == "handshakes" else "plain")
    names = [each.name for each in FAMILIES[family]]
    quiet = cost(field.pid)
    found = field.attack(names, seconds=ATTACK_S, share=SHARE)
    assert found.served.failures == []
    assert found.served.reads > 0
    assert found.served.approvals > 0
    for name, tally in found.tallies.items():
        assert set(tally) <= KINDS[name].answers | ALWAYS, name
        expected = KINDS[name].answers
        assert not expected or name in ANSWERED_LATE or expected & set(tally), name
    assert found.recovery_s < float("inf")
    assert found.peak_mib < quiet.rss_mib + MOST_MIB
    assert "Traceback" not in field.server.output, field.server.output
