"""Found the ledger at its first start: name, keys, first event. Later starts compare.

The ledger's own key signs the founding and the ledger's later acts, never what people sign. The
heads key signs in evidence how many events each stream has. Each stays in a file of mode 0600, or
in an HSM or an agent.
"""

import re
import secrets
from pathlib import Path

import msgspec
from publicsuffixlist import PublicSuffixList

from ledger import clock
from ledger.domain import charter
from ledger.domain.acts import TYP
from ledger.domain.charter import Charter
from ledger.domain.events import Event, LedgerCreated, claims
from ledger.domain.ledger_acts import CreateLedger
from ledger.domain.receipts import own_key
from ledger.domain.redeeming import SECRET_BYTES, key_of_secret
from ledger.domain.unique_names import used_invitation_name
from ledger.domain.web_origins import LOCAL_HOSTS, parse_web_origin
from ledger.encoding import b64u_encode
from ledger.errors import ConflictError, MalformedError
from ledger.jose import SigningKey
from ledger.keystore.opening import open_signing_key
from ledger.keystore.places import KeyPlace
from ledger.settings import Settings
from ledger.store.log import EVENTS, Log
from ledger.store.ports.log import Needs, Write
from ledger.store.results import require_stored
from ledger.system import private_files

_LOG_ORIGIN = re.compile(r"[a-z0-9.-]+(?:/[a-z0-9._-]+)*", re.ASCII)
MAX_LOG_ORIGIN_BYTES = 255


def found(log: Log, settings: Settings, *, now_ms: int) -> str | None:
    """Found the ledger if it is new; otherwise compare the settings with the founding.

    Returns the secret of the first administrator's link until somebody has used it, then None.
    Until then it is in a file of mode 0600, so that each start can print the link again. Raises
    ConflictError `settings_mismatch`, `log_closed`; MalformedError `setting_invalid` as
    `require_registrable` does.
    """
    require_registrable(settings.rp_id, settings.origin)
    log.require_open()
    known = log.charter()
    if known is not None:
        _require_same(known, settings)
        return _unused_secret(log, settings.setup_secret)
    key = _load_key(settings.own_key)
    heads = _load_key(settings.heads_key)
    ledger = settings.log_origin or _new_log_origin(settings)
    secret = _new_secret(settings.setup_secret)
    founding = LedgerCreated(
        ledger=ledger,
        origin=settings.origin,
        rp_id=settings.rp_id,
        registration=settings.registration,
        key=key.jwk,
        act="",
        setup=key_of_secret(secret, ledger=ledger).jwk,
        heads=heads.jwk,
    )
    if not _LOG_ORIGIN.fullmatch(founding.ledger) or len(founding.ledger) > MAX_LOG_ORIGIN_BYTES:
        raise MalformedError(
            "setting_invalid", "LEDGER_LOG_ORIGIN must look like example.com/approvals"
        )
    act = CreateLedger(
        iat=now_ms // 1000,
        ledger=founding.ledger,
        origin=founding.origin,
        rp_id=founding.rp_id,
        registration=founding.registration,
        setup=founding.setup,
        heads=founding.heads,
    )
    signed = key.sign(msgspec.json.encode(act), typ=TYP)
    body = charter.create(signed, founding, now_ms=now_ms)
    at = clock.to_text(now_ms)
    write = own_write(Event(stream=charter.STREAM, version=1, at=at, body=body))
    (result,) = log.store.append([write])
    require_stored(result)
    return secret


def _new_secret(file: Path) -> str:
    """Return the secret of the first link, which is in its file before the log names its key.

    Crash point: after the file, the ledger is not founded; the next start takes the same secret.
    """
    if file.exists():
        return file.read_text(encoding="ascii")
    secret = b64u_encode(secrets.token_bytes(SECRET_BYTES))
    private_files.create(file, secret.encode())
    return secret


def _unused_secret(log: Log, file: Path) -> str | None:
    """Return the secret of the first link, or delete its file once the link is used or void."""
    if not file.exists():
        return None
    (facts,) = log.store.load([Needs(names=(used_invitation_name(charter.SETUP),))])
    known = log.charter()
    if facts.owners or (known is not None and known.losses):
        file.unlink()
        return None
    return file.read_text(encoding="ascii")


def require_registrable(rp_id: str, origin: str) -> None:
    """Raise MalformedError `setting_invalid` if the relying party ID is a public suffix.

    Under a public suffix such as co.uk anybody can register a domain. Browsers bind no passkey to
    one, and a ledger keeps its relying party ID for ever.
    """
    host = parse_web_origin(origin)
    if host in LOCAL_HOSTS:
        return
    # A browser accepts a host of its own that is not on the list, as in a private network.
    suffixes = PublicSuffixList(accept_unknown=rp_id != host)
    if suffixes.publicsuffix(rp_id) == rp_id:
        detail = (
            f"LEDGER_RP_ID {rp_id} is a public suffix: anybody can register a domain under it."
            f" Use the domain that is yours, such as {suffixes.privatesuffix(host) or host}"
        )
        raise MalformedError("setting_invalid", detail)


def own_write(event: Event) -> Write:
    """Return the write of an event that the ledger itself signed, with the names it claims."""
    stored = EVENTS.to_stored_event(event)
    return Write(
        key=own_key([stored.state]),
        events=(stored,),
        claims=tuple((name, event.stream) for name in claims(event)),
        until_ms=clock.to_ms(event.at) + 1,  # the key depends on the time: the log must keep it
    )


def _require_same(known: Charter, settings: Settings) -> None:
    """Refuse changed settings: passkeys are permanently bound to the relying party."""
    stated = {
        "LEDGER_RP_ID": (known.party.rp_id, settings.rp_id),
        "LEDGER_ORIGIN": (known.party.origin, settings.origin),
        "LEDGER_REGISTRATION": (known.founded_registration, settings.registration),
        "LEDGER_LOG_ORIGIN": (known.ledger, settings.log_origin or known.ledger),
    }
    for name, (founded, given) in stated.items():
        if founded != given:
            raise ConflictError(
                "settings_mismatch",
                f"this ledger was founded with {name}={founded}; it cannot run with {given}",
            )


def _new_log_origin(settings: Settings) -> str:
    host = settings.origin.partition("://")[2].replace(":", "-")
    return f"{host}/{secrets.token_hex(6)}"


def _load_key(place: KeyPlace) -> SigningKey:
    """Return the key at a place; create it if the place is a file that does not exist.

    An interrupted first start has already created one.
    """
    if isinstance(place, Path) and not place.exists():
        private_files.create(place, SigningKey.generate().to_pem())
    return open_signing_key(place)
