"""The route of policies: whether today's people could meet one that is being written."""

import asyncio
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta

from ledger.domain import policy
from ledger.domain.policy import Policy
from ledger.http.answers import done
from ledger.http.context import BY_SESSION, MEMBERS, FromReadModels, SignedIn
from ledger.http.passkey_responses import MAX_SMALL_BYTES
from ledger.http.read_models import ReadModels
from ledger.http.requests import Strict
from ledger.http.routes import Routes
from projections import prospects
from projections.prospects import Prospect


class PreviewPolicy(Strict, frozen=True):
    """A policy's JSON as a string, as a document carries it."""

    policy: Annotated[str, Meta(min_length=2, max_length=MAX_SMALL_BYTES)]


@post("/api/policies/preview", status_code=200, responses=done(Prospect, 400, 401))
async def preview(
    data: JSONBody[PreviewPolicy], models: FromReadModels, user: SignedIn
) -> Prospect:
    """Tell who could approve a statement that this person drafts with a policy."""
    rules = policy.parse(data.policy.encode())
    return await asyncio.to_thread(_prospect, models, rules, user)


def _prospect(models: ReadModels, rules: Policy, user: str) -> Prospect:
    with models.views() as (db, at):
        return prospects.of(db, rules, user, at=at, now=models.now())


router = Routes(
    "/",
    route_handlers=[preview],
    dependencies={"user": MEMBERS["user"]},
    security=BY_SESSION,
    tags=["statements"],
)
