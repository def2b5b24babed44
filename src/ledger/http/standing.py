"""Routes on standing: suspend a person, declare a key or passkey compromised."""

from litestar import post
from litestar.params import FromPath, JSONBody

from ledger.http.answers import CompromiseRecorded, Created, PersonRecorded, recorded
from ledger.http.context import FromPeople
from ledger.http.requests import ActWithAssertion
from ledger.http.routes import Routes


@post("/api/users/{user_id:str}/suspend", responses=recorded(PersonRecorded))
async def suspend(
    user_id: FromPath[str], data: JSONBody[ActWithAssertion], people: FromPeople
) -> Created:
    """Suspend a person at once."""
    return Created(await people.standing.suspend(user_id, data.act, data.evidence()))


@post("/api/compromises", responses=recorded(CompromiseRecorded))
async def declare_compromise(data: JSONBody[ActWithAssertion], people: FromPeople) -> Created:
    """Declare a key or passkey of one's own compromised since a time."""
    return Created(await people.standing.declare_compromise(data.act, data.evidence()))


router = Routes("/", route_handlers=[suspend, declare_compromise], tags=["people"])
