"""The organisation's provider and its SCIM client, over HTTP."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.actor import Actor
from tests.support.server import Server

# What succeeds only in a ledger that has a provider.
OF_ORGANISATION = (
    "GET /api/organisation",
    "POST /api/organisation/link",
    "POST /api/organisation/unlink",
)
TOKEN = "scim-token-of-the-tests-0123456789abcdef"  # of tests
BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}


def go_to_provider(client: httpx.Client, subject: str) -> httpx.Response:
    """Begin a sign-in, be this subject at the provider, and come back; return the last answer."""
    begun = client.get("/organisation/begin", params={"next": "/inbox"})
    assert begun.status_code == 303, begun.text
    answer = client.get(come_back(begun, subject))
    assert answer.status_code in (200, 403), answer.text
    return answer


def come_back(begun: httpx.Response, subject: str) -> str:
    """Be this subject at the provider; return the address to which it sends the browser."""
    sent = httpx.post(begun.headers["location"], data={"sub": subject})
    assert sent.status_code in (302, 303), sent.text
    back = urlsplit(sent.headers["location"])
    assert parse_qs(back.query)["code"]
    return f"{back.path}?{back.query}"


def asserted(person: Actor) -> dict[str, Any]:
    """Return a fresh assertion of a person's passkey, with its ceremony."""
    begun = person.begin_sign_in()
    assertion = person.passkey.get(person.challenge("sign-in", begun))
    return {"ceremony": begun["ceremony"], "assertion": assertion}


def link(person: Actor, subject: str) -> httpx.Response:
    """Link a person, by a passkey, to the account of this subject."""
    assert go_to_provider(person.client, subject).status_code == 200
    return person.client.post("/api/organisation/link", json=asserted(person))


def unlink(admin: Actor, user: str, by: Actor | None = None) -> httpx.Response:
    """Unlink a person, by a passkey of the administrator, or of somebody else."""
    body = asserted(by or admin) | {"user": user}
    return admin.client.post("/api/organisation/unlink", json=body)


class Directory:
    """The SCIM client of the organisation."""

    def __init__(self, server: Server) -> None:
        self.client = httpx.Client(base_url=f"{server.origin}/scim/v2", headers=BEARER, timeout=30)

    def user(self, name: str, *, external_id: str = "", active: bool = True) -> str:
        """Create a user; return its id."""
        body = {"userName": name, "externalId": external_id, "active": active}
        answer = self.client.post("/Users", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def set_active(self, user: str, *, active: bool) -> httpx.Response:
        return self.patch("Users", user, {"op": "replace", "path": "active", "value": active})

    def patch(self, kind: str, entry: str, *operations: dict[str, Any]) -> httpx.Response:
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        body = {"schemas": [schema], "Operations": [*operations]}
        return self.client.patch(f"/{kind}/{entry}", json=body)


def use_organisation(admin: Actor) -> None:
    """Use every route of the organisation once, in a ledger that has none."""
    admin.client.get("/api/organisation")
    admin.client.post("/api/organisation/link", json=asserted(admin))
    unlink(admin, admin.user)
