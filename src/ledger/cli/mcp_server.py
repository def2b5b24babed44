"""The MCP server of `ledger mcp`: the agent's tools over standard input and output.

This is the one module that imports `mcp`. Errors of the ledger reach the agent with their code and
sentence; nothing else of the program does.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import msgspec
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from ledger import __version__
from ledger.client.agent_tools import AgentTools
from ledger.domain.vocabulary import UseOutcome
from ledger.errors import LedgerError

P = ParamSpec("P")
R = TypeVar("R")
_INSTRUCTIONS = """\
People approve what you do, one action at a time, with a signature. Propose the action exactly as
you will do it. Tell the person the address of its page and its SHA-256. Wait. When it is approved,
use it once, do exactly what its content says, and report the outcome. If the content has to change,
propose again: an approval fits no other content. Never act without the answer of use_once."""


def serve(tools: AgentTools) -> None:
    """Serve the tools over standard input and output until the input ends."""
    server_of(tools).run("stdio")


def server_of(tools: AgentTools) -> MCPServer:
    """Return the server of these tools."""
    server = MCPServer("ledger", instructions=_INSTRUCTIONS, version=__version__)
    for tool in _tools(tools):
        # Structs are no types that the SDK describes: the answer is JSON text.
        server.add_tool(_told(tool), structured_output=False)
    return server


def _tools(tools: AgentTools) -> list[Callable[..., Any]]:
    def list_types() -> Any:
        """List the types of actions that can be proposed, each with the schema of its content."""
        return tools.types()

    def propose(title: str, content: dict[str, Any], type: str | None = None) -> Any:
        """Propose an action for people to approve.

        title: one line that says what will happen, for the people who decide.
        content: the action as a JSON object with everything that matters; it is what they sign.
        type: the name of a type from list_types, or nothing where actions need none.
        Returns the statement's id, its sha256, and the page on which people approve it.
        """
        return tools.propose(title, content, type)

    def wait(statement: str, sha256: str, within_seconds: float = 60) -> Any:
        """Wait until people decided on a proposal, at most 600 seconds; return its status."""
        return tools.wait(statement, sha256, within_seconds)

    def fetch_evidence(statement: str, sha256: str) -> Any:
        """Fetch and verify the evidence of an approved statement; it is kept in a file."""
        return tools.evidence(statement, sha256)

    def use_once(statement: str, sha256: str) -> Any:
        """Use an approved statement. Its answer is the leave to act now, once, as its content says.

        It is given once: a second call is refused, and so is a statement that was used elsewhere.
        """
        return tools.use_once(statement, sha256)

    def report_outcome(
        statement: str, sha256: str, outcome: UseOutcome, reason: str | None = None
    ) -> Any:
        """Report what happened after use_once: done, not-done, or unknown if you cannot tell."""
        tools.report(statement, sha256, outcome, reason)
        return {"recorded": True}

    return [list_types, propose, wait, fetch_evidence, use_once, report_outcome]


def _told(tool: Callable[P, R]) -> Callable[P, str]:
    """Return a tool that answers with JSON text, and with the sentence of a refusal."""

    @wraps(tool)
    def told(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return msgspec.json.encode(tool(*args, **kwargs)).decode()
        except LedgerError as error:
            raise ToolError(str(error)) from error

    return told
