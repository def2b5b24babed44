"""What the OpenAPI document promises is what is served, to members and to strangers."""

import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any, get_args

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from ledger.domain.vocabulary import DecisionKind, Form, KeyStatus, Status
from ledger.encoding import b64u_encode
from ledger.http.openapi import AT_THE_DOOR
from ledger.http.refusal import REFUSALS, refusal
from tests.integration.conftest import Join
from tests.integration.http.test_service_accounts import come_and_go
from tests.support.authenticator import Passkey
from tests.support.described import (
    DESCRIBED,
    IS_LONG,
    STRICT,
    Operation,
    check_answer,
    fetch,
    load,
    operations,
)
from tests.support.directory import OF_ORGANISATION
from tests.support.new_devices import add_by_link
from tests.support.post_office import PostOffice
from tests.support.recovering import cancel, cancel_operators, recover, recover_beside, set_codes
from tests.support.server import Server
from tests.support.tale import Tale
from tests.support.webhooks import SETTINGS, use_messages

EXAMPLES = 100 if IS_LONG else 4
# A stream has no end to wait for, and a member who signs out is none any more.
OF_MEMBERS = """
    /api/wrapped-keys /api/session /api/governance /api/access-record /api/access-report
    /api/questions/events
    /api/questions/events/csv /api/questions/figures/picture /api/trail /api/events/1
""".split()
LEFT_OUT = ["/api/stream", "/api/logout"]
LOG = [
    "/.well-known/ledger-keys",
    "/log/checkpoint",
    "/log/checkpoints",
    "/log/consistency?from=1",
    "/log/entries/0",
    "/log/entries/0/proof",
]
# OpenAPI has no parameter with a slash in it, which the path of a partial tile has.
NOT_DESCRIBED = {"GET /api/stream", "GET /log/tile/{level}/{path}"}
# This ledger has no time-stamp authority; test_stamping.py has. It lost nothing;
# tests/browser/test_after_a_loss.py has a ledger that did.
NOT_THERE = {
    "GET /log/checkpoints/{size}/stamp",
    "GET /log/checkpoints/{size}/stamped",
    "POST /api/jwt-keys/{kid}/reaffirm",
    *OF_ORGANISATION,
}


@pytest.fixture(scope="module")
def description(shared_server: Server) -> dict[str, Any]:
    return fetch(shared_server.origin)


def examine(
    operation: Operation,
    mode: GenerationMode,
    server: Server,
    visitors: list[dict[str, str]],
) -> None:
    """Send a few requests that the description allows, or does not, and hold the answers to it.

    Each request is sent once with the cookies of each visitor: to make one takes longer.
    """

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def examine_one(case: Case[Any]) -> None:
        case.query.pop("minPosition", None)  # each of them would be waited for
        for cookies in visitors:
            case.cookies = dict(cookies)
            case.call_and_validate(base_url=server.origin, checks=STRICT)

    # Some operations take nothing that could be wrong.
    with suppress(Unsatisfiable):
        examine_one()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_is_described(
    mode: GenerationMode,
    server: Server,
    join: Join,
    description: dict[str, Any],
    subtests: pytest.Subtests,
) -> None:
    dora = join("Dora", "creator")
    visitors = [dict(dora.client.cookies), {}]
    for operation in operations(description, left_out=LEFT_OUT):
        with subtests.test(operation.label):
            examine(operation, mode, server, visitors)


def test_every_answer_to_people_at_work_is_one_that_is_described(
    start_server: Callable[..., Server], description: dict[str, Any], office: PostOffice
) -> None:
    server = start_server(LEDGER_REGISTRATION="invite", **SETTINGS, **office.settings)
    schema = load(description)
    used = set()
    with ExitStack() as clients:
        tale = Tale(server, clients)
        *_, last = tale.tell()
        tale.read(tale.paths())
        tale.read(tale.paths(), at=last // 2)
        ada = tale.ada
        ada.sign_in()
        ada.sign_in_by_key("openapi")
        for path in OF_MEMBERS:
            ada.client.get(path)
        use_messages(ada, office)
        content = {"content": '{"items":[{"define-role":{"role":"board"}}]}'}
        ada.client.post("/api/changes/preview", json=content)
        policy = {"policy": '{"threshold":1,"of":["role:investor"]}'}
        ada.client.post("/api/policies/preview", json=policy)
        ada.invite("investor", "for Nina")
        ada.client.get(f"/api/invitations/{ada.link_key('for Nina').kid}")
        ada.client.get("/.well-known/passkey-endpoints")
        kept = {"kid": ada.key.kid, "credentialId": ada.passkey.id}
        ada.client.post("/api/wrapped-keys", json=kept | {"wrapped": b64u_encode(bytes(136))})
        named = f"kid:{ada.key.kid}"
        ada.client.post("/api/device-labels", json={"reference": named, "label": "Laptop"})
        add_by_link(ada, Passkey(origin=server.origin))
        *_, oldest = ada.client.get("/api/sessions").json()["items"]
        ada.client.post(f"/api/sessions/{oldest['id']}/end", json={})
        for path in ("/livez", "/readyz", "/healthz", *LOG):
            ada.client.get(path)
        ada.client.post("/api/approvals", json={"approvals": [""]})
        newest = ada.client.get("/log/checkpoints").json()["items"][-1]
        ada.client.get(f"/log/checkpoints/{newest['size']}")
        page = f"/api/statements/{tale.statements[0].id}"
        for part in ("evidence", "certificate"):
            ada.client.get(f"{page}/{part}")
        ada.client.get(page, headers={"If-None-Match": ada.client.get(page).headers["etag"]})
        set_codes(ada)
        recovered = recover(ada, Passkey(origin=server.origin)).json()
        cancel(ada, ada.user, recovered["credentialId"])
        cancel_operators(ada, recover_beside(server, "Ada", "Irma").stdout.split()[1])
        come_and_go(ada)
        ada.client.post("/api/logout", json={})
    for answer in tale.answers:
        used.add((check_answer(schema, answer), answer.status_code))
    documented = {
        f"{method.upper()} {path}"
        for path, methods in description["paths"].items()
        for method in methods
    }
    assert {
        label for label, status in used if status < 400
    } == documented - NOT_DESCRIBED - NOT_THERE


def test_every_operation_has_an_id_of_its_own_and_says_what_it_does(
    description: dict[str, Any],
) -> None:
    found = [each for methods in description["paths"].values() for each in methods.values()]
    ids = [each["operationId"] for each in found]
    assert len(ids) == len(set(ids))
    for each in found:
        assert each["description"]


def test_the_description_fits_generators_of_clients(description: dict[str, Any]) -> None:
    """Names that are identifiers, a tag for every operation, and bytes as bytes."""
    names = [*description["components"]["schemas"]]
    assert [each for each in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", each)] == []
    assert {"StatementSummaryPage", "UserPage"} <= {*names}
    listed = {each["name"] for each in description["tags"]}
    tags = {
        tag
        for methods in description["paths"].values()
        for each in methods.values()
        for tag in each["tags"]
    }
    assert tags == listed
    answers = {
        (kind, str(described["schema"]))
        for methods in description["paths"].values()
        for each in methods.values()
        for answer in each["responses"].values()
        for kind, described in answer.get("content", {}).items()
    }
    binary = "octet-stream pdf timestamp-reply zip".split()
    found = {kind for kind, schema in answers if "binary" in schema}
    assert found == {f"application/{each}" for each in binary}
    stream = description["paths"]["/api/stream"]["get"]["responses"]["200"]
    assert [*stream["content"]] == ["text/event-stream"]
    known = {f"#/components/schemas/{name}" for name in names}
    assert set(re.findall(r"#/components/schemas/[^']+", str(description))) <= known


@pytest.mark.parametrize(
    ("schema", "member", "words"),
    [
        ("DraftAnswer", "status", get_args(Status)),
        ("DecisionAnswer", "status", get_args(Status)),
        ("StatementSummary", "status", get_args(Status)),
        ("StatementDetail", "status", get_args(Status)),
        ("Decision", "decision", get_args(DecisionKind)),
        ("Decision", "keyStatus", get_args(KeyStatus)),
        ("KeyDetail", "status", get_args(KeyStatus)),
    ],
)
def test_a_closed_set_of_words_is_described_as_an_enum(
    schema: str, member: str, words: tuple[str, ...], description: dict[str, Any]
) -> None:
    found = description["components"]["schemas"][schema]["properties"][member]
    assert found["enum"] == [*words]


def test_the_forms_of_an_approval_are_described_as_an_enum(description: dict[str, Any]) -> None:
    found = description["components"]["schemas"]["Decision"]["properties"]["form"]
    assert found["enum"] == [*get_args(Form), None]


def test_every_schema_is_closed_and_every_answer_at_the_door_is_described(
    description: dict[str, Any],
) -> None:
    open_schemas = {
        name
        for name, schema in description["components"]["schemas"].items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    }
    assert open_schemas == set()
    for methods in description["paths"].values():
        for each in methods.values():
            assert {str(status) for status in AT_THE_DOOR} <= set(each["responses"])
            for parameter in each.get("parameters", []):
                assert "null" not in str(parameter["schema"])


@pytest.mark.parametrize("status", REFUSALS)
def test_what_a_connection_answers_by_itself_is_described_for_every_route(
    status: int, description: dict[str, Any]
) -> None:
    schema = load(description)
    for path, methods in description["paths"].items():
        for method in methods:
            request = httpx.Request(method, f"http://localhost{re.sub('{.*?}', '1', path)}")
            check_answer(schema, parsed(refusal(status, "1"), request), DESCRIBED)


def parsed(raw: bytes, request: httpx.Request) -> httpx.Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    answer = httpx.Response(int(first.split()[1]), headers=headers, content=body, request=request)
    answer.elapsed = timedelta(0)
    return answer


def test_a_probe_that_says_no_and_a_server_that_is_busy_are_both_described(
    description: dict[str, Any],
) -> None:
    for path, name in (("/readyz", "ReadyAnswer"), ("/healthz", "HealthAnswer")):
        content = description["paths"][path]["get"]["responses"]["503"]["content"]
        assert content == {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        }


def test_what_a_route_takes_is_described_with_its_patterns_and_lengths(
    description: dict[str, Any],
) -> None:
    schemas = description["components"]["schemas"]
    act = schemas["SignedAct"]["properties"]["act"]
    assert (act["maxLength"], act["pattern"]) == (
        49_152,
        r"^[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$",
    )
    assert schemas["Registration"]["properties"]["type"]["enum"] == ["public-key"]
    assert schemas["BeginRegistration"]["properties"]["name"]["maxLength"] == 100
    assert schemas["NewKey"]["properties"]["jwk"]["maxProperties"] == 16
    sign = description["paths"]["/api/statements/{statement_id}/sign"]["post"]
    assert sign["parameters"][0]["schema"]["pattern"].startswith("^[0-9a-f]{8}-")
