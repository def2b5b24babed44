"""A deployment protection rule for GitHub: a job deploys when people approved it in the ledger.

GitHub sends the webhook `deployment_protection_rule`. The handler asks the ledger for an approval
of exactly this repository, environment, commit and run, waits, and answers GitHub by the review of
the run. The guard of ledger.client verifies the evidence and lets each approval through once.

    GITHUB_APP_ID=… GITHUB_APP_KEY=app.pem GITHUB_WEBHOOK_SECRET=… python github_handler.py 8080
"""

import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from ledger import jose
from ledger.client import ApprovalRules, KeptLogin, default_path, kept, requires_approval
from ledger.errors import LedgerError, RefusedError

MAX_BODY_BYTES = 1024 * 1024
TIMEOUT_S = 30
# Who approves. The webhook has no say in it. It has no veto: evidence shows who approved, and does
# not show that nobody objected.
RULES = ApprovalRules(
    policy={
        "threshold": 1,
        "of": ["role:investor"],
        "creatorMaySign": False,
    },
    within_s=24 * 3600,
)
_CALLBACK = re.compile(
    r"/repos/(?P<repository>[\w.-]+/[\w.-]+)/actions/runs/(?P<run>[0-9]+)/"
    r"deployment_protection_rule",
    re.ASCII,
)


class App(NamedTuple):
    """The GitHub App: its id, private key and webhook secret, and the address of the API."""

    id: str
    key: bytes
    secret: bytes
    api: str = "https://api.github.com"


class Requested(NamedTuple):
    """A deployment that waits, as a webhook describes it."""

    repository: str
    repository_id: int
    environment: str
    sha: str
    run: str
    installation: int


def read(app: App, body: bytes, signature: str, event: str) -> Requested | None:
    """Return the deployment of a webhook that GitHub signed; None for another event.

    Raises ValueError for anything else. The address of the answer has to be one of the API, for
    the token goes there.
    """
    expected = "sha256=" + hmac.new(app.secret, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise ValueError("the signature is not GitHub's")
    said: Any = json.loads(body)
    if event != "deployment_protection_rule" or said.get("action") != "requested":
        return None
    address = said["deployment_callback_url"]
    found = _CALLBACK.fullmatch(address.removeprefix(app.api))
    if not address.startswith(app.api) or found is None:
        raise ValueError("the callback is not an address of the API")
    if found["repository"] != said["repository"]["full_name"]:
        raise ValueError("the callback is of another repository")
    return Requested(
        repository=found["repository"],
        repository_id=said["repository"]["id"],
        environment=said["environment"],
        sha=said["deployment"]["sha"],
        run=found["run"],
        installation=said["installation"]["id"],
    )


def decide(app: App, login: KeptLogin, directory: Path, asked: Requested) -> None:
    """Wait for the approval of a deployment, and tell GitHub once; also if it has ended."""

    @requires_approval(login, directory, RULES, action="github-deployment")
    def let_through(repository: str, environment: str, sha: str, run: str) -> None:
        answer(app, asked, "approved", f"Approved in the ledger: {sha} to {environment}.")

    try:
        let_through(asked.repository, asked.environment, asked.sha, asked.run)
    except RefusedError as error:
        answer(app, asked, "rejected", f"Not approved in the ledger: {error.code}.")


def answer(app: App, asked: Requested, state: str, comment: str) -> None:
    """Review the run as the app that is installed in its repository."""
    about = {"repository_ids": [asked.repository_id], "permissions": {"deployments": "write"}}
    path = f"/app/installations/{asked.installation}/access_tokens"
    token = _post(app, path, about, _app_jwt(app))["token"]
    review = {"environment_name": asked.environment, "state": state, "comment": comment}
    path = f"/repos/{asked.repository}/actions/runs/{asked.run}/deployment_protection_rule"
    _post(app, path, review, token)


def _app_jwt(app: App) -> str:
    """Return the token by which the app itself asks: RS256, for nine minutes."""
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 540, "iss": app.id}
    return jose.sign(claims, jose.Sign(jose.read_private_key(app.key, alg="RS256")))


def _post(app: App, path: str, body: dict[str, Any], token: str) -> Any:
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    request = urllib.request.Request(app.api + path, json.dumps(body).encode(), headers)  # noqa: S310  # https, or a stand-in
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as found:  # noqa: S310
        raw = found.read()
    return json.loads(raw) if raw else None


def serve(app: App, login: KeptLogin, directory: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of webhooks; put a proxy with TLS in front of it."""

    class Webhooks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length) if 0 < length <= MAX_BODY_BYTES else b""
            signature = self.headers.get("X-Hub-Signature-256", "")
            try:
                asked = read(app, body, signature, self.headers.get("X-GitHub-Event", ""))
            except (ValueError, KeyError, TypeError, AttributeError):
                self.send_error(400)
                return
            if asked is not None:  # GitHub waits ten seconds for an answer, people take longer
                Thread(target=_decide, args=(app, login, directory, asked), daemon=True).start()
            self.send_response(202)
            self.end_headers()

    return ThreadingHTTPServer(("127.0.0.1", port), Webhooks)


def _decide(app: App, login: KeptLogin, directory: Path, asked: Requested) -> None:
    try:
        decide(app, login, directory, asked)
    except (LedgerError, OSError) as error:  # GitHub can deliver the webhook again
        print(f"run {asked.run}: {error}", file=sys.stderr)


if __name__ == "__main__":
    key = Path(os.environ["GITHUB_APP_KEY"]).read_bytes()
    secret = os.environ["GITHUB_WEBHOOK_SECRET"].encode()
    made = App(os.environ["GITHUB_APP_ID"], key, secret)
    serve(made, kept(default_path()), Path("calls"), int(sys.argv[1])).serve_forever()
