"""The proxy of docs/how-to/cluster sends nobody to a server that is gone."""

from pathlib import Path

import httpx

from tests.cluster.conftest import Servers
from tests.cluster.processes import free_ports
from tests.cluster.proxy import proxied

REQUESTS = 60


def test_a_server_that_is_gone_costs_no_request(servers: Servers, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with proxied(servers, port, tmp_path) as address, httpx.Client(base_url=address) as client:
        servers[2].kill()
        try:
            found = {client.get("/log/checkpoint").status_code for _ in range(REQUESTS)}
        finally:
            servers[2].start()
        assert found == {200}
