"""Settings: environment variables, all optional, read once at start.

| Variable | Default | |
|---|---|---|
| LEDGER_ORIGIN | http://localhost:8000 | the web origin people use; passkeys are bound to it |
| LEDGER_RP_ID | the origin's host | WebAuthn relying party id; permanent |
| LEDGER_NAME | Ledger | the name that passkey prompts show |
| LEDGER_REGISTRATION | open on localhost, else invite | who may register; fixed at first start |
| LEDGER_LOG_ORIGIN | generated at first start | the log's own name; fixed at first start |
| LEDGER_DATA | data | directory of the log and everything derived from it |
| LEDGER_DATABASE_URL | none | URL of the PostgreSQL database with the log, in place of a file |
| LEDGER_DATABASE_COMMIT | local | what a commit waits for: local, or a quorum of standbys |
| LEDGER_DATABASE_READS | none | URL of a standby of it, for long reads |
| LEDGER_OWN_KEY | ledger-key.pem in LEDGER_DATA | place of the ledger's own key |
| LEDGER_LOG_KEYS | log-keys.pem in LEDGER_DATA | places of the keys that sign checkpoints |
| LEDGER_HEADS_KEY | heads-key.pem in LEDGER_DATA | place of the key that signs heads in evidence |
| LEDGER_SIGNER_MEMORY | signer-memory.sqlite in LEDGER_DATA | file of the signer's memory |
| LEDGER_SERVERS | one | how many servers may use LEDGER_DATA at once: one or several |
| LEDGER_PUBLISH_WITHIN | 300 | seconds without a checkpoint after which nothing is appended |
| LEDGER_WITNESSES | none | file of the witness policy, with the witnesses' addresses |
| LEDGER_WITNESS_WAIT | 10 | seconds for which a checkpoint waits for its quorum |
| LEDGER_TSA_URL | none | address of a time-stamp authority (RFC 3161) |
| LEDGER_TSA_CERTIFICATES | none | file of its trusted certificates, PEM; needed with the address |
| LEDGER_TSA_INTERVAL | 3600 | seconds between two time-stamps |
| LEDGER_HOST | 127.0.0.1 | address to listen on |
| LEDGER_PORT | the origin's port on localhost, else 8000 | port to listen on |
| LEDGER_TLS_CERTIFICATE | none | file of a certificate, to speak HTTPS without a proxy |
| LEDGER_TLS_KEY | none | file of its private key; needed with the certificate |
| LEDGER_RATE_LIMIT | 120 | requests of one kind per minute and client address without a session |
| LEDGER_CONNECTIONS | 256 | connections open at once per client address |
| LEDGER_PROXIES | loopback with https of a proxy, else none | networks of proxies in front |
| LEDGER_SECURITY_LOG | security.jsonl in LEDGER_DATA | file of the security record, or `stderr` |
| LEDGER_METRICS | 127.0.0.0/8, ::1 | networks that may read /metrics |
| LEDGER_MESSAGE_RETRIES | from 5 s to a day, three days in all | pauses between attempts, seconds |
| LEDGER_PRIVATE_HOSTS | none | private hosts to which webhooks may send |
| LEDGER_SMTP_URL | none | mail server, smtp(s)://[user:password@]host[:port] |
| LEDGER_SMTP_PLAIN_HOSTS | none | hosts to which mail may be sent without TLS |
| LEDGER_MAIL_FROM | none | address that mail is from; needed with the server |
| LEDGER_OIDC_ISSUER | none | OpenID provider of the organisation |
| LEDGER_OIDC_CLIENT_ID | none | the ledger's client id there; needed with the issuer |
| LEDGER_OIDC_CLIENT_SECRET_FILE | none | file with the client's secret |
| LEDGER_OIDC_REQUIRED | no | whether nobody signs in without the provider: yes or no |
| LEDGER_OIDC_PRIVATE_HOSTS | none | private hosts at which the provider may be |
| LEDGER_SCIM_TOKEN_SHA256 | none | digests of the directory's bearer tokens |
| LEDGER_SCIM_GROUP_PREFIX | ledger- | groups of this name and a role are compared with it |
| LEDGER_CLOCK_CONFIRMED | none | newest position at which a clock far from the log's is right |
| LEDGER_DRAIN | 0 | seconds from a signal to the end, during which /readyz answers 503 |
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NoReturn, TypeVar, get_args
from urllib.parse import urlsplit

import msgspec

from ledger.data_files import (
    HEADS_KEY_FILE,
    LEDGER_KEY_FILE,
    LOG_FILE,
    LOG_KEYS_FILE,
    SECURITY_FILE,
    SETUP_SECRET_FILE,
    SIGNER_MEMORY_FILE,
    is_database,
)
from ledger.domain.passkey import RelyingParty
from ledger.domain.vocabulary import RegistrationMode
from ledger.domain.web_origins import LOCAL_HOSTS, parse_web_origin, require_domain
from ledger.errors import MalformedError
from ledger.keystore.places import (
    KeyPlace,
    LogKeyPlaces,
    parse_key_place,
    parse_log_key_places,
)
from ledger.system.client_address import Network, parse_networks
from ledger.system.message_settings import parse_hosts, parse_pauses
from ledger.system.organisation_settings import OrganisationSettings, parse_organisation
from ledger.system.smtp import SmtpServer, parse_smtp_url, require_mail_address
from ledger.system.tls_files import TlsFiles, parse_tls

DEFAULT_PORT = 8000
# A proxy serves an https origin, most often on the same machine.
LOOPBACK = "127.0.0.0/8, ::1"
Servers = Literal["one", "several"]
DatabaseCommit = Literal["local", "quorum"]
_MODES: tuple[RegistrationMode, ...] = get_args(RegistrationMode)
_SERVERS: tuple[Servers, ...] = get_args(Servers)
_COMMITS: tuple[DatabaseCommit, ...] = get_args(DatabaseCommit)
Choice = TypeVar("Choice", bound=str)
Host = TypeVar("Host", str, None)
T = TypeVar("T")


class Settings(msgspec.Struct, frozen=True):
    """The operator's settings."""

    origin: str
    rp_id: str
    name: str
    registration: RegistrationMode
    log_origin: str | None
    data: Path
    database: str | None
    database_commit: DatabaseCommit
    database_reads: str | None
    own_key: KeyPlace
    log_keys: LogKeyPlaces
    heads_key: KeyPlace
    signer_memory: Path
    servers: Servers
    publish_within_s: int
    witnesses: Path | None
    witness_wait_s: int
    tsa_url: str | None
    tsa_certificates: Path | None
    tsa_interval_s: int
    host: str
    port: int
    tls: TlsFiles | None
    rate_limit: int
    connections: int
    proxies: tuple[Network, ...]
    security_log: Path | None
    metrics: tuple[Network, ...]
    message_retries: tuple[int, ...]
    private_hosts: frozenset[str]
    smtp: SmtpServer | None
    mail_from: str
    organisation: OrganisationSettings | None
    clock_confirmed: int | None
    drain_s: int

    @property
    def party(self) -> RelyingParty:
        """The relying party, from the settings only, never from a Host header."""
        return RelyingParty(rp_id=self.rp_id, origin=self.origin)

    @property
    def log_address(self) -> str:
        """Where the log is: the URL of its database, with the password, or the path of its file."""
        return self.database or str(self.data / LOG_FILE)

    @property
    def needs_quorum(self) -> bool:
        """Whether nothing is appended while the database waits for no standby."""
        return self.database_commit == "quorum"

    @property
    def setup_secret(self) -> Path:
        """The file with the secret of the first administrator's link, until somebody uses it."""
        return self.data / SETUP_SECRET_FILE

    @property
    def is_local_http(self) -> bool:
        """Whether people reach it without HTTPS, from this machine only: cookies are not secure."""
        return self.origin.startswith("http:") and urlsplit(self.origin).hostname in LOCAL_HOSTS


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables; raise MalformedError `setting_invalid`."""
    origin = environment.get("LEDGER_ORIGIN", f"http://localhost:{DEFAULT_PORT}")
    local = (host := _host("LEDGER_ORIGIN", parse_web_origin, origin)) in LOCAL_HOSTS
    rp_id = environment.get("LEDGER_RP_ID", host)
    _host("LEDGER_RP_ID", require_domain, rp_id)
    if host != rp_id and not host.endswith(f".{rp_id}"):
        _refuse("LEDGER_RP_ID", "must be the origin's host or a parent domain of it")
    data = Path(environment.get("LEDGER_DATA", "data"))
    port = (urlsplit(origin).port if local else None) or DEFAULT_PORT
    tls = parse_tls(environment, origin)
    plain = _parsed(environment, "LEDGER_SMTP_PLAIN_HOSTS", parse_hosts)
    return Settings(
        origin=origin,
        rp_id=rp_id,
        name=environment.get("LEDGER_NAME", "Ledger"),
        registration=_choice(
            environment, "LEDGER_REGISTRATION", "open" if local else "invite", _MODES
        ),
        log_origin=environment.get("LEDGER_LOG_ORIGIN"),
        data=data,
        database=_database(environment, "LEDGER_DATABASE_URL"),
        database_commit=_choice(environment, "LEDGER_DATABASE_COMMIT", "local", _COMMITS),
        database_reads=_database(environment, "LEDGER_DATABASE_READS"),
        own_key=_key_place(environment, "LEDGER_OWN_KEY", data / LEDGER_KEY_FILE),
        log_keys=_log_keys(environment, data),
        heads_key=_key_place(environment, "LEDGER_HEADS_KEY", data / HEADS_KEY_FILE),
        signer_memory=Path(environment.get("LEDGER_SIGNER_MEMORY", data / SIGNER_MEMORY_FILE)),
        servers=_choice(environment, "LEDGER_SERVERS", "one", _SERVERS),
        publish_within_s=_number(environment, "LEDGER_PUBLISH_WITHIN", 300),
        witnesses=_file(environment, "LEDGER_WITNESSES"),
        witness_wait_s=_number(environment, "LEDGER_WITNESS_WAIT", 10),
        tsa_url=environment.get("LEDGER_TSA_URL") or None,
        tsa_certificates=_file(environment, "LEDGER_TSA_CERTIFICATES"),
        tsa_interval_s=_number(environment, "LEDGER_TSA_INTERVAL", 3600),
        host=environment.get("LEDGER_HOST", "127.0.0.1"),
        port=_number(environment, "LEDGER_PORT", port),
        tls=tls,
        rate_limit=_number(environment, "LEDGER_RATE_LIMIT", 120),
        connections=_number(environment, "LEDGER_CONNECTIONS", 256),
        proxies=_networks(environment, "LEDGER_PROXIES", "" if local or tls else LOOPBACK),
        security_log=_security_log(environment, data),
        metrics=_networks(environment, "LEDGER_METRICS", LOOPBACK),
        message_retries=_parsed(environment, "LEDGER_MESSAGE_RETRIES", parse_pauses),
        private_hosts=_parsed(environment, "LEDGER_PRIVATE_HOSTS", parse_hosts),
        smtp=_parsed(environment, "LEDGER_SMTP_URL", lambda url: parse_smtp_url(url, plain)),
        mail_from=_parsed(
            environment,
            "LEDGER_MAIL_FROM",
            require_mail_address if environment.get("LEDGER_SMTP_URL") else str,
        ),
        organisation=parse_organisation(environment),
        clock_confirmed=_position(environment, "LEDGER_CLOCK_CONFIRMED"),
        drain_s=_number(environment, "LEDGER_DRAIN", 0, least=0),
    )


def _host(name: str, parse: Callable[[str], Host], text: str) -> Host:
    try:
        return parse(text)
    except MalformedError as error:
        _refuse(name, f"{text!a:.200} is refused: {error.detail}")


def _choice(
    environment: Mapping[str, str], name: str, default: str, among: tuple[Choice, ...]
) -> Choice:
    text = environment.get(name, default)
    found = next((each for each in among if each == text), None)
    if found is None:
        _refuse(name, f"must be {' or '.join(among)}")
    return found


def _database(environment: Mapping[str, str], name: str) -> str | None:
    url = environment.get(name) or None
    if url is not None and not is_database(url):  # it may have a password, so it is not repeated
        _refuse(name, "must begin with postgresql://")
    return url


def _networks(environment: Mapping[str, str], name: str, default: str) -> tuple[Network, ...]:
    try:
        return parse_networks(environment.get(name, default))
    except ValueError:
        _refuse(name, "must be a comma-separated list of addresses and networks")


def _key_place(environment: Mapping[str, str], name: str, default: Path) -> KeyPlace:
    text = environment.get(name) or str(default)
    try:
        return parse_key_place(text, agent=environment.get("SSH_AUTH_SOCK"))
    except MalformedError as error:
        _refuse(name, error.detail)


def _log_keys(environment: Mapping[str, str], data: Path) -> LogKeyPlaces:
    text = environment.get("LEDGER_LOG_KEYS") or str(data / LOG_KEYS_FILE)
    try:
        agent = environment.get("SSH_AUTH_SOCK")
        return parse_log_key_places(text, data / LOG_KEYS_FILE, agent=agent)
    except MalformedError as error:
        _refuse("LEDGER_LOG_KEYS", error.detail)


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _security_log(environment: Mapping[str, str], data: Path) -> Path | None:
    text = environment.get("LEDGER_SECURITY_LOG") or str(data / SECURITY_FILE)
    return None if text == "stderr" else Path(text)


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = environment.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) < 65_536):
        _refuse(name, f"must be a whole number from {least} to 65535")
    return int(text)


def _parsed(environment: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(environment.get(name, ""))
    except MalformedError as error:
        _refuse(name, error.detail)


def _position(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name) or None
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
        _refuse(name, "must be a position of the log")
    return None if text is None else int(text)


def _refuse(name: str, rule: str) -> NoReturn:
    raise MalformedError("setting_invalid", f"{name} {rule}")
