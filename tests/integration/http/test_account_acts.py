"""What a service account does names it beside its owner, wherever it is shown."""

from contextlib import ExitStack, closing
from uuid import UUID

from ledger.audit.selection import Selection
from ledger.audit.source import RowFilter
from ledger.audit.trail import Trail
from ledger.store.engines import audited_log
from tests.integration.conftest import Join
from tests.integration.http.test_service_accounts import Robot
from tests.support.actor import Actor, policy_of
from tests.support.server import Server


def test_what_an_account_did_names_it_beside_its_owner(
    server: Server, join: Join, alice: Actor
) -> None:
    dora = join("Dora", "creator")
    usable = {"by": [f"user:{dora.user}"], "times": 2}
    with ExitStack() as clients:
        robot = Robot(server, clients, dora)
        drafted = robot.draft(policy=policy_of(1, alice), usable=usable)
        assert alice.approve(drafted).status_code == 201
        assert robot.use(drafted, "n" * 22).status_code == 201
        assert robot.report(drafted, "done").status_code == 201
    assert dora.use(drafted, "m" * 22).status_code == 201  # with her own key
    shown = dora.client.get(f"/api/statements/{drafted.id}").json()
    assert (shown["account"], [use["account"] for use in shown["uses"]]) == (
        "deploy",
        ["deploy", None],
    )
    own = dora.draft(policy=policy_of(1, alice))
    listed = dora.client.get("/api/statements?limit=2").json()["items"]
    assert [each["account"] for each in listed] == [None, "deploy"]
    assert own.id == listed[0]["id"]
    told = dora.client.get(f"/api/timeline?stream={drafted.id}").json()["items"]
    who, robots = f"“{dora.name}”", f"deploy (service account of “{dora.name}”)"
    title = f"“{shown['title']}”"
    assert [(each["summary"], each["account"]) for each in told] == [
        (f"{who} used {title}", None),
        (f"{robots} reported a use of {title} as done", "deploy"),
        (f"{robots} used {title}", "deploy"),
        (f"“{alice.name}” approved {title} (1 approval, approved)", None),
        (f"{robots} drafted {title}", "deploy"),
    ]
    with closing(audited_log(server.log_address).open()) as rows:
        of_it = Selection(RowFilter(stream=UUID(drafted.id).bytes))
        lines = [(each.actor_name, each.summary) for each in Trail(rows).lines(of_it)]
    assert lines[0] == (dora.name, f"{robots} drafted {title}")
    assert lines[2:] == [
        (dora.name, f"{robots} used {title} (use 1)"),
        (dora.name, f"{robots} reported use 1 of {title} as done"),
        (dora.name, f"{who} used {title} (use 2)"),
    ]
