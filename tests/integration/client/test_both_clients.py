"""Each method of the client with and without an event loop: the same answers and errors."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.client import AsyncLedgerClient, LedgerClient, new_nonce
from ledger.errors import ConflictError, NotFoundError, RefusedError
from ledger.jose import SigningKey
from ledger.verify.requirements import Requirements
from tests.integration.conftest import Join
from tests.support.actor import Actor, policy_of
from tests.support.check import head, wait_for
from tests.support.client_kinds import KINDS, ClientKind, EitherClient, either
from tests.support.clients import approve, login_of
from tests.support.server import Server

NOWHERE = "2c3a4b5e-0000-4000-8000-000000000001"


class Scene:
    """A robot with a client, and the people around it."""

    def __init__(
        self, client: EitherClient, robot: Actor, people: tuple[Actor, Actor], server: Server
    ) -> None:
        self.client = client
        self.call = client.call
        self.robot = robot
        self.alice, self.carol = people
        self.server = server

    def asked(self) -> Any:
        """Return a statement that waits for the robot."""
        drafted = self.alice.draft(policy=policy_of(1, self.robot))
        wait_for(self.server, drafted.answer["position"])
        return drafted

    def drafted(self) -> Any:
        """Return the receipt of a draft of the robot, which it may use once."""
        return self.call(
            "draft",
            '{"version":"1.4.2"}',
            title="Deploy",
            policy=policy_of(1, self.carol),
            usable={"by": [f"user:{self.robot.user}"], "times": 1},
        )


@pytest.fixture(params=KINDS)
def scene(
    request: pytest.FixtureRequest, server: Server, alice: Actor, carol: Actor, join: Join
) -> Iterator[Scene]:
    kind: ClientKind = request.param
    key = SigningKey.generate()
    robot = join("Robot", role="creator", key=key)
    with either(login_of(robot, server, key), kind) as client:
        yield Scene(client, robot, (alice, carol), server)


def reads(scene: Scene) -> None:
    asked = scene.asked()
    assert [each.id for each in scene.call("inbox")] == [asked.id]
    assert asked.id in [each.id for each in scene.call("statements", "pending")]
    assert scene.call("statement", asked.id).sha256 == asked.sha256
    assert scene.call("document", asked.id) == asked.document.encode()
    assert scene.call("has", asked.id)
    assert not scene.call("has", NOWHERE)
    with pytest.raises(NotFoundError, match="statement_unknown"):
        scene.call("statement", NOWHERE)
    assert scene.call("service_accounts") is not None


def waits_and_approves(scene: Scene) -> None:
    asked = scene.asked()
    assert scene.call("wait", asked.id, within_s=0).status == "pending"
    with pytest.raises(RefusedError, match="document_differs"):
        scene.call("approve", asked.id, "0" * 64)
    assert scene.call("approve", asked.id, asked.sha256).status == "approved"
    assert scene.call("wait", asked.id, within_s=30).status == "approved"
    with pytest.raises(ConflictError):  # it is approved
        scene.call("reject", asked.id, asked.sha256, "It is too late.")


def decides_otherwise(scene: Scene) -> None:
    first, second = scene.asked(), scene.asked()
    assert scene.call("reject", first.id, first.sha256, "The amount is wrong.").status == "rejected"
    both = policy_of(2, scene.robot, scene.carol)
    mine = scene.call("draft", "{}", title="Both", policy=both)
    assert scene.call("approve", mine.statement_id, mine.sha256).approvals == 1
    assert scene.call("retract", mine.statement_id, mine.sha256).approvals == 0
    assert scene.call("withdraw", mine.statement_id, mine.sha256).status == "withdrawn"
    jws = scene.robot.approval(second.document)
    with pytest.raises(RefusedError, match="document_differs"):
        scene.call("send_approval", second.id, first.sha256, jws)
    assert scene.call("send_approval", second.id, second.sha256, jws).status == "approved"


def acts_once_on_evidence(scene: Scene) -> None:
    mine = scene.drafted()
    raw = scene.call("document", mine.statement_id)
    assert scene.call("submit", raw) == mine  # the same document is answered again
    approve(scene.carol, mine.statement_id)
    assert scene.call("evidence", mine.statement_id, new_nonce()).startswith(b"PK")
    required = Requirements(digest=mine.sha256)
    _, report = scene.call("verified", mine.statement_id, required)
    assert report.verdict == "verified"
    nonce, before = new_nonce(), head(scene.server)
    used = scene.call("use", mine.statement_id, mine.sha256, nonce)
    assert scene.call("use", mine.statement_id, mine.sha256, nonce) == used
    with pytest.raises(ConflictError, match="used_up"):
        scene.call("use", mine.statement_id, mine.sha256, new_nonce())
    assert head(scene.server) == before + 1
    assert scene.call("report", used, mine.sha256, "done").outcome == "done"
    found = scene.call("wait_used", mine.statement_id, within_s=30, settled=True)
    assert [each.outcome for each in found.uses] == ["done"]


def follows(scene: Scene) -> None:
    (first,) = scene.client.positions(1)
    drafted = scene.asked()
    (then,) = scene.client.positions(1)
    assert first < drafted.answer["position"] <= then


def reads_types(scene: Scene) -> None:
    assert isinstance(scene.call("types"), list)
    for method in ("definition", "definition_of"):
        with pytest.raises(NotFoundError, match="type_unknown"):
            scene.call(method, "0" * 64)


def ends_its_key(scene: Scene) -> None:
    asked = scene.asked()
    scene.call("end_own_key")
    with pytest.raises(RefusedError, match="key_revoked"):
        scene.call("approve", asked.id, asked.sha256)


ROWS = (
    reads,
    waits_and_approves,
    decides_otherwise,
    acts_once_on_evidence,
    follows,
    reads_types,
    ends_its_key,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_both_clients_do_the_same(scene: Scene, row: Callable[[Scene], None]) -> None:
    row(scene)


def test_both_clients_have_the_same_methods() -> None:
    both = {name for name in dir(AsyncLedgerClient) if not name.startswith("_")}
    assert {name for name in dir(LedgerClient) if not name.startswith("_")} == both


def test_every_method_is_in_a_row() -> None:
    rows = Path(__file__).read_text()
    methods = {name for name in dir(LedgerClient) if not name.startswith("_")}
    called = {name for name in methods if re.search(rf'call\(\s*"{name}"', rows)}
    in_another_way = {"close", "definition", "definition_of", "ledger", "positions", "user"}
    assert methods - called == in_another_way
