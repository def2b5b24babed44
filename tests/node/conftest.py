"""Tests that need Node.js and packages of npm: `make test-node` installs them, and runs these."""

from tests.integration.conftest import (  # noqa: F401  # fixtures
    _checked_whole,
    _clients,
    _witnessed,
    alice,
    join,
    server,
    shared_server,
)
