"""docs/examples/pipeline runs as it stands: the step of a CI, and the handler for GitHub.

GitHub is a stand-in made from GitHub's documentation; it was not tried with GitHub itself.
"""

import hashlib
import hmac
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.client import KeptLogin, LedgerClient, keep
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.integration.http.test_service_accounts import add
from tests.support.actor import Actor
from tests.support.clients import approve, login_of
from tests.support.server import Server

EXAMPLE = Path(__file__).parents[3] / "docs/examples/pipeline"
SECRET = b"the secret of the webhook"
SHA = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"
PEOPLE_S = 60


@pytest.fixture
def owner(join: Join) -> Actor:
    return join("Pipeline", role="creator")


@pytest.fixture
def login(server: Server, owner: Actor) -> KeptLogin:
    key = SigningKey.generate()
    assert add(owner, key).status_code == 201
    return msgspec.structs.replace(login_of(owner, server, key), service="deploy")


def asked_of(login: KeptLogin) -> str:
    """Return the first statement of a login's person, once it is there."""
    until_s = time.monotonic() + PEOPLE_S
    with LedgerClient(login) as client:
        while time.monotonic() < until_s:
            mine = [each.id for each in client.statements() if each.creator.id == login.user]
            if mine:
                return mine[0]
            time.sleep(0.2)
    raise AssertionError("nothing was asked")


# --- the step of any CI --------------------------------------------------------------------------


@pytest.mark.parametrize("works", [True, False])
def test_the_step_deploys_what_was_approved_once_and_reports_it(
    carol: Actor, login: KeptLogin, tmp_path: Path, works: bool
) -> None:
    keep(tmp_path / "login.json", login)
    (tmp_path / "deployment.json").write_text(json.dumps({"service": "web", "commit": SHA}))
    deploy = tmp_path / "deploy.sh"
    deploy.write_text(f"#!/bin/sh\ncat deployment.json >> deployed\nexit {0 if works else 1}\n")
    deploy.chmod(0o755)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, "LOGIN_FILE": str(tmp_path / "login.json"), "TITLE": "Deploy web"}
    shell = shutil.which("sh")
    assert shell is not None
    with subprocess.Popen(
        [shell, str(EXAMPLE / "gate.sh")],
        cwd=tmp_path,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as step:
        statement = asked_of(login)
        assert not (tmp_path / "deployed").exists()
        approve(carol, statement)
        output, _ = step.communicate(timeout=120)
    assert step.returncode == (0 if works else 1), output
    assert json.loads((tmp_path / "deployed").read_text())["commit"] == SHA
    with LedgerClient(login) as client:
        (use,) = client.statement(statement).uses
    assert use.outcome == ("done" if works else "unknown")
    if works:
        envelope = json.loads((tmp_path / "approval.intoto.json").read_text())
        assert envelope["payloadType"] == "application/vnd.in-toto+json"
        again = ["attest", str(tmp_path / "evidence.zip"), "--login", given["LOGIN_FILE"]]
        (tmp_path / "key.pem").write_bytes(SigningKey.generate().to_pem())
        assert main([*again, "--key", str(tmp_path / "key.pem")]) == ExitCode.DONE
        assert main([*again, "--digest", "0" * 64]) == ExitCode.UNMET
        assert main([*again, "--artifact", "/service"]) == ExitCode.UNMET


# --- GitHub --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def handler() -> ModuleType:
    spec = importlib.util.spec_from_file_location("github_handler", EXAMPLE / "github_handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class StandIn:
    """GitHub's API as far as the handler asks it; it keeps the reviews that it takes."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.reviews: list[dict[str, Any]] = []
        self.refused: list[str] = []
        stand_in = self

        class Api(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                token = self.headers["Authorization"].removeprefix("Bearer ")
                if self.path == "/app/installations/7/access_tokens":
                    claims = jwt.decode(token, key.public_key(), ["RS256"])
                    assert claims["exp"] - claims["iat"] <= 600
                    assert (claims["iss"], body["repository_ids"]) == ("12", [321])
                    self._answer(201, {"token": "ghs_of_installation_7"})
                elif token == "ghs_of_installation_7":
                    stand_in.reviews.append({"path": self.path} | body)
                    self._answer(204, None)
                else:
                    stand_in.refused.append(self.path)
                    self._answer(401, {"message": "Bad credentials"})

            def _answer(self, status: int, body: Any) -> None:
                raw = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def webhook(api: str, **members: Any) -> bytes:
    """Return the payload of the webhook, as far as GitHub's documentation describes it."""
    said: dict[str, Any] = {
        "action": "requested",
        "environment": "production",
        "event": "push",
        "deployment_callback_url": (
            f"{api}/repos/octo-org/hello/actions/runs/99/deployment_protection_rule"
        ),
        "deployment": {"id": 5, "sha": SHA, "ref": "main", "environment": "production"},
        "repository": {"id": 321, "full_name": "octo-org/hello"},
        "installation": {"id": 7},
    }
    return json.dumps(said | members).encode()


def signed(body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": "deployment_protection_rule",
    }


Deliver = Callable[..., int]


@pytest.fixture
def github(
    handler: ModuleType, login: KeptLogin, tmp_path: Path
) -> Iterator[tuple[StandIn, Deliver]]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    stand_in = StandIn(key)
    app = handler.App("12", pem, SECRET, stand_in.address)
    with (
        served(stand_in.server),
        served(handler.serve(app, login, tmp_path / "calls", 0)) as hooks,
    ):

        def deliver(body: bytes, headers: dict[str, str] | None = None) -> int:
            sent = signed(body) if headers is None else headers
            return httpx.post(hooks, content=body, headers=sent).status_code

        yield stand_in, deliver


def reviewed(stand_in: StandIn) -> dict[str, Any]:
    until_s = time.monotonic() + PEOPLE_S
    while not stand_in.reviews and time.monotonic() < until_s:
        time.sleep(0.1)
    (review,) = stand_in.reviews
    return review


def test_a_deployment_goes_on_when_people_approved_it(
    github: tuple[StandIn, Deliver], carol: Actor, login: KeptLogin
) -> None:
    stand_in, deliver = github
    assert deliver(webhook(stand_in.address)) == 202
    statement = asked_of(login)
    with LedgerClient(login) as client:
        said = json.loads(json.loads(client.document(statement))["content"])
    assert said["arguments"] == {
        "repository": "octo-org/hello",
        "environment": "production",
        "sha": SHA,
        "run": "99",
    }
    assert stand_in.reviews == []
    approve(carol, statement)
    review = reviewed(stand_in)
    assert review["path"] == "/repos/octo-org/hello/actions/runs/99/deployment_protection_rule"
    assert (review["state"], review["environment_name"]) == ("approved", "production")
    with LedgerClient(login) as client:  # the handler reports it after GitHub has its answer
        found = client.wait_used(statement, within_s=PEOPLE_S, settled=True)
    assert [each.outcome for each in found.uses] == ["done"]
    assert stand_in.refused == []


def test_a_deployment_that_was_withdrawn_is_rejected_at_github_and_an_objection_holds_it(
    github: tuple[StandIn, Deliver], carol: Actor, owner: Actor, login: KeptLogin
) -> None:
    stand_in, deliver = github
    assert deliver(webhook(stand_in.address)) == 202
    statement = asked_of(login)
    with LedgerClient(login) as client:
        sha256 = client.statement(statement).sha256
    why = {"statementId": statement, "sha256": sha256, "reason": "Not on a Friday."}
    act = carol.act("reject", **why)
    assert carol.client.post(f"/api/statements/{statement}/reject", json={"act": act}).is_success
    with LedgerClient(login) as client:
        if client.statement(statement).status == "pending":
            assert stand_in.reviews == []  # another investor can still approve
            body = {"act": owner.act("withdraw", **why)}
            assert owner.client.post(f"/api/statements/{statement}/withdraw", json=body).is_success
    assert reviewed(stand_in)["state"] == "rejected"


def test_what_github_did_not_sign_or_sends_elsewhere_is_refused(
    github: tuple[StandIn, Deliver], login: KeptLogin
) -> None:
    stand_in, deliver = github
    body = webhook(stand_in.address)
    elsewhere = "https://attacker.example/repos/octo-org/hello/actions/runs/99/"
    bodies = [
        webhook(stand_in.address, deployment_callback_url=f"{elsewhere}deployment_protection_rule"),
        webhook(stand_in.address, deployment_callback_url=f"{stand_in.address}.attacker.example/"),
        webhook(stand_in.address, repository={"id": 1, "full_name": "octo-org/other"}),
        webhook(stand_in.address, deployment=None),
        b"",
        b"[]",
        b"\xff",
    ]
    assert [deliver(each) for each in bodies] == [400] * len(bodies)
    for headers in ({}, signed(body, b"another"), signed(body + b" ")):
        assert deliver(body, headers) == 400
    assert deliver(webhook(stand_in.address, action="completed")) == 202
    assert deliver(body, signed(body) | {"X-GitHub-Event": "push"}) == 202
    with LedgerClient(login) as client:
        assert [each for each in client.statements() if each.creator.id == login.user] == []
    assert stand_in.reviews == []
