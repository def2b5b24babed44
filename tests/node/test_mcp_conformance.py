"""The protocol's own conformance runner against the server of `ledger mcp`.

The runner speaks HTTP only, so the server's tools are served here by the SDK's HTTP transport; in
production they have standard input and output alone. `ledger mcp` offers tools and nothing else.
Most scenarios call tools of the runner's own example server, or ask for what a server of tools does
not offer.
"""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from ledger.cli.mcp_server import server_of
from ledger.client.agent_tools import AgentTools
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.clients import login_of
from tests.support.server import Server

HERE = Path(__file__).parent
RUNNER = HERE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
APPLY = {"ping", "server-initialize", "server-sse-multiple-streams", "tools-list"}
# What the rest needs: `ledger mcp` declares none of these, or has no tool of this name.
DO_NOT_APPLY = {
    "completion-": "completions",
    "elicitation-": "a tool of the runner's example server that asks the person",
    "json-schema-": "a tool of the runner's example server",
    "logging-": "logging",
    "prompts-": "prompts",
    "resources-": "resources",
    "server-sse-polling": "a tool of the runner's example server that ends its own stream",
    "tools-call-": "tools of the runner's example server",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["node", str(RUNNER), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def over_http(tools: AgentTools) -> Iterator[str]:
    """Serve the tools over HTTP; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = server_of(tools).streamable_http_app()
        serving = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            serving.should_exit = True
            thread.join()


@pytest.fixture
def address(server: Server, join: Join, tmp_path: Path) -> Iterator[str]:
    key = SigningKey.generate()
    login = login_of(join("Agent", role="creator", key=key), server, key)
    with over_http(AgentTools(login, tmp_path)) as found:
        yield found


def test_every_scenario_of_the_runner_is_run_or_says_why_not() -> None:
    listed = [
        each.split("- ")[1] for each in run("list", "--server").stdout.splitlines() if "- " in each
    ]
    assert {each for each in listed if not each.startswith(tuple(DO_NOT_APPLY))} == APPLY
    assert all(any(each.startswith(start) for each in listed) for start in DO_NOT_APPLY)


def test_the_server_of_an_agent_does_what_the_protocol_says(address: str) -> None:
    for scenario in sorted(APPLY):
        found = run("server", "--url", address, "--scenario", scenario)
        assert found.returncode == 0, found.stdout + found.stderr
        print(found.stdout)
