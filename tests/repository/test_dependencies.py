"""What `make` installs is what was locked: every package by the SHA-256 of its files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
PINNED = re.compile(
    r"[a-z0-9][a-z0-9.-]*(\[[a-z,]+\])?==[^ ]+( ; .+)?( --hash=sha256:[0-9a-f]{64})+"
)


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_its_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", "")
    lines = [" ".join(line.split()) for line in text.splitlines() if line[:1] not in ("", "#")]
    assert len(lines) > 2
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


def locked(name: str) -> set[str]:
    return {line.split(" ")[0] for line in (ROOT / name).read_text().splitlines() if "==" in line}


def test_keys_in_an_hsm_need_two_packages_more_than_a_server() -> None:
    server, hsm = locked("requirements.txt"), locked("requirements-hsm.txt")
    assert server < hsm < locked("requirements-dev.txt")
    assert {each.split("==")[0] for each in hsm - server} == {"asn1crypto", "python-pkcs11"}


def test_a_log_in_postgresql_needs_one_driver_more_than_a_server() -> None:
    server, more = locked("requirements.txt"), locked("requirements-postgresql.txt")
    assert server < more < locked("requirements-dev.txt")
    assert {each.split("==")[0] for each in more - server} == {"psycopg", "psycopg-binary"}


def test_a_client_under_asyncio_needs_one_http_client_more_than_verifying() -> None:
    light, client = locked("requirements-verify.txt"), locked("requirements-async.txt")
    assert light < client < locked("requirements-dev.txt")
    names = {each.split("==")[0] for each in client - light}
    assert names <= {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "typing-extensions"}


def test_a_key_in_the_keyring_needs_no_server() -> None:
    light, ring = locked("requirements-verify.txt"), locked("requirements-keyring.txt")
    assert light < ring < locked("requirements-dev.txt")
    names = {each.split("==")[0] for each in ring - light}
    assert "keyring" in names
    assert names.isdisjoint({"litestar", "eventsourcing", "httpx"})


def test_an_agents_tools_need_what_verifying_needs_and_no_server() -> None:
    light, tools = locked("requirements-verify.txt"), locked("requirements-mcp.txt")
    assert light < tools < locked("requirements-dev.txt")
    names = {each.split("==")[0] for each in tools - light}
    assert {"mcp", "pydantic", "starlette"} <= names
    assert names.isdisjoint({"litestar", "eventsourcing"})


def test_nothing_is_installed_without_its_hash() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    installs = [line for line in lines if "$(PIP)" in line]
    assert len(installs) == 8
    for line in installs:
        # The project itself, without its dependencies, is no package of a registry.
        assert "--require-hashes -r" in line or "--no-deps --no-build-isolation" in line, line
