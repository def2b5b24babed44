"""Groups of routes are registered anew for each server, as litestar registers copies of routers."""

from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.testing import TestClient

from ledger.http.routes import Routes


@get("/who", sync_to_thread=False)
def who(name: NamedDependency[str], site: NamedDependency[str]) -> str:
    """Say what each layer provides."""
    return f"{name} at {site}"


def _named(value: str) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


INNER = Routes("/", route_handlers=[who], dependencies={"name": _named("Alice")})


def _server(site: str) -> Litestar:
    outer = Routes("/outer", route_handlers=[INNER], dependencies={"site": _named(site)})
    return Litestar([outer])


def test_servers_that_register_the_same_group_have_what_each_of_them_provides() -> None:
    with TestClient(_server("mill")) as mill, TestClient(_server("farm")) as farm:
        assert [client.get("/outer/who").text for client in (mill, farm, mill)] == [
            "Alice at mill",
            "Alice at farm",
            "Alice at mill",
        ]


def test_a_group_belongs_to_no_server_that_registered_it() -> None:
    _server("mill")
    assert INNER.owner is None
