"""The settings of the organisation's sign-in: its OpenID provider and its SCIM client."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from ledger.errors import MalformedError
from ledger.system.message_settings import parse_hosts
from ledger.system.outward import parse_target

ISSUER, REQUIRED = "LEDGER_OIDC_ISSUER", "LEDGER_OIDC_REQUIRED"
CLIENT, SECRET = "LEDGER_OIDC_CLIENT_ID", "LEDGER_OIDC_CLIENT_SECRET_FILE"  # names
HOSTS = "LEDGER_OIDC_PRIVATE_HOSTS"
TOKENS, PREFIX = "LEDGER_SCIM_TOKEN_SHA256", "LEDGER_SCIM_GROUP_PREFIX"  # names
MOST_TOKENS = 2  # the one in use and the next one
MAX_SECRET_BYTES = 4_096
T = TypeVar("T")
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch
_CLIENT = re.compile(r"[!-~]{1,255}").fullmatch


class OrganisationSettings(msgspec.Struct, frozen=True):
    """Which provider the organisation has; `repr` shows no secret.

    `is_required` tells whether nobody signs in without it. `scim_tokens` are SHA-256 digests of the
    bearer tokens that its SCIM client may use. Groups whose name begins with `group_prefix` are
    compared with roles.
    """

    issuer: str
    client_id: str
    client_secret: str
    is_required: bool
    private_hosts: frozenset[str]
    scim_tokens: frozenset[bytes]
    group_prefix: str

    def __repr__(self) -> str:
        """Return the provider without its secret."""
        return f"OrganisationSettings({self.issuer})"


def parse_organisation(environment: Mapping[str, str]) -> OrganisationSettings | None:
    """Return the settings, None without a provider; raise MalformedError `setting_invalid`."""
    issuer = environment.get(ISSUER, "")
    if not issuer:
        if alone := [name for name in (REQUIRED, TOKENS) if environment.get(name)]:
            raise _refusal(alone[0], f"needs {ISSUER}")
        return None
    hosts = _parsed(HOSTS, lambda: parse_hosts(environment.get(HOSTS, "")))
    target = _parsed(ISSUER, lambda: parse_target(issuer, hosts))
    if "?" in target.path or issuer.endswith("/."):
        raise _refusal(ISSUER, "must have no query")
    client = environment.get(CLIENT, "")
    if not _CLIENT(client):
        raise _refusal(CLIENT, "must be the client's id at the provider")
    required = environment.get(REQUIRED) or "no"
    if required not in ("yes", "no"):
        raise _refusal(REQUIRED, "must be yes or no")
    tokens = [each.strip() for each in environment.get(TOKENS, "").split(",") if each.strip()]
    if len(tokens) > MOST_TOKENS or not all(map(_DIGEST, tokens)):
        raise _refusal(TOKENS, "must be one or two SHA-256 digests, 64 hexadecimal digits each")
    return OrganisationSettings(
        issuer,
        client,
        _secret(environment.get(SECRET, "")),
        required == "yes",
        hosts,
        frozenset(map(bytes.fromhex, tokens)),
        environment.get(PREFIX, "ledger-"),
    )


def _secret(path: str) -> str:
    """Return the client's secret from its file, empty without one."""
    if not path:
        return ""
    try:
        raw = Path(path).read_bytes()[: MAX_SECRET_BYTES + 1]
        text = raw.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(SECRET, "cannot be read as text") from error
    if not text or len(raw) > MAX_SECRET_BYTES:
        raise _refusal(SECRET, f"must have a secret of up to {MAX_SECRET_BYTES} bytes")
    return text


def _parsed(name: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except MalformedError as error:
        raise _refusal(name, error.detail) from error


def _refusal(name: str, rule: str) -> MalformedError:
    return MalformedError("setting_invalid", f"{name} {rule}")
