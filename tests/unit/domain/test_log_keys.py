"""The ledger's own acts: log keys announced and retired, the end; decided and audited."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger import clock
from ledger.domain import charter, events, log_keys
from ledger.domain.act import Act
from ledger.domain.acts import TYP
from ledger.domain.charter import STREAM, Charter
from ledger.domain.events import (
    Body,
    Event,
    LedgerCreated,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
)
from ledger.domain.ledger_acts import (
    AnnounceLogKeys,
    CreateLedger,
    FreezeLedger,
    RetireLogKeys,
)
from ledger.errors import ConflictError, LedgerError, RefusedError
from ledger.jose import SigningKey
from ledger.tlog import vkeys
from ledger.tlog.vkeys import NoteKey
from ledger.verify.auditor import AuditError, Auditor
from tests.support.heads import HEADS
from tests.support.links import link_key

NOW_MS = 1_763_690_646_000
NAME = "ledger.example.com/a"
KEY, STRANGER = SigningKey.generate(), SigningKey.generate()
FIRST, SECOND, THIRD = (tuple(signer.key.vkey for signer in vkeys.generate(NAME)) for _ in range(3))


def signed(act: Act, key: SigningKey = KEY) -> str:
    return key.sign(msgspec.json.encode(act), typ=TYP)


def announced(vkeys: tuple[str, ...], size: int, **members: Any) -> AnnounceLogKeys:
    common: dict[str, Any] = {"iat": NOW_MS // 1000, "ledger": NAME} | members
    return AnnounceLogKeys(vkeys=vkeys, first_size=size, **common)


def retired(vkeys: tuple[str, ...], size: int) -> RetireLogKeys:
    return RetireLogKeys(iat=NOW_MS // 1000, ledger=NAME, vkeys=vkeys, last_size=size)


def frozen(reason: str = "The fund is closed.") -> FreezeLedger:
    return FreezeLedger(iat=NOW_MS // 1000, ledger=NAME, reason=reason)


def founding() -> LedgerCreated:
    act = CreateLedger(
        NOW_MS // 1000,
        NAME,
        origin="http://localhost:8000",
        rp_id="localhost",
        registration="open",
        setup=link_key("setup").jwk,
        heads=HEADS,
    )
    place = NAME, act.origin, act.rp_id
    return LedgerCreated(*place, "open", KEY.jwk, signed(act), act.setup, act.heads)


def stream_of(*bodies: Body) -> list[Event]:
    at = clock.to_text(NOW_MS)
    return [Event(stream=STREAM, version=n, at=at, body=body) for n, body in enumerate(bodies, 1)]


def charter_of(*bodies: Body) -> Charter:
    state = None
    for event in stream_of(founding(), *bodies):
        state = charter.evolve(state, event)
    assert state is not None
    return state


def announcement(vkeys: tuple[str, ...] = FIRST, size: int = 2) -> LogKeysAnnounced:
    return LogKeysAnnounced(vkeys=vkeys, first_size=size, act=signed(announced(vkeys, size)))


def retirement(vkeys: tuple[str, ...], size: int) -> LogKeysRetired:
    return LogKeysRetired(vkeys=vkeys, last_size=size, act=signed(retired(vkeys, size)))


def end() -> LogFrozen:
    act = frozen()
    return LogFrozen(reason=act.reason, act=signed(act))


# --- deciding ----------------------------------------------------------------------------------


def test_keys_that_the_ledgers_own_key_signed_are_announced() -> None:
    body = log_keys.announce_log_keys(charter_of(), signed(announced(FIRST, 2)), now_ms=NOW_MS)
    assert (body.vkeys, body.first_size) == (FIRST, 2)
    keys = charter_of(body).log_keys
    assert [(key.vkey, key.first_size, key.last_size) for key in keys] == [
        (FIRST[0], 2, None),
        (FIRST[1], 2, None),
    ]


def other_name() -> tuple[str, ...]:
    return tuple(signer.key.vkey for signer in vkeys.generate("ledger.example.com/b"))


def same_key_as_another_type() -> tuple[str, ...]:
    key = vkeys.parse_vkey(FIRST[0])
    return (FIRST[0], NoteKey(name=NAME, kind=key.kind, public=key.public).vkey)


def cosigner() -> str:
    return vkeys.generate(NAME, cosigner=True)[0].key.vkey


@pytest.mark.parametrize(
    ("before", "act", "code"),
    [
        ([], announced((), 2), "log_keys_refused"),
        ([], announced(FIRST[1:], 2), "log_keys_refused"),
        ([], announced((*FIRST, FIRST[0]), 2), "log_keys_refused"),
        ([], announced(same_key_as_another_type(), 2), "log_keys_refused"),
        ([], announced(other_name(), 2), "log_keys_refused"),
        ([], announced((*FIRST, cosigner()), 2), "vkey_invalid"),
        ([], announced((FIRST[0][:-4],), 2), "vkey_invalid"),
        ([], announced(FIRST, 0), "log_keys_refused"),
        ([], announced(FIRST, -1), "log_keys_refused"),
        ([announcement()], announced(FIRST, 5), "log_keys_refused"),
        ([announcement()], announced((SECOND[0], FIRST[1]), 5), "log_keys_refused"),
        ([announcement(size=5)], announced(SECOND, 4), "log_keys_refused"),
        ([], announced(FIRST, 2, ledger="another"), "ledger_mismatch"),
        ([], announced(FIRST, 2, iat=NOW_MS // 1000 - 301), "iat_stale"),
        ([], retired(FIRST, 2), "act_mismatch"),
    ],
)
def test_other_keys_are_not_announced(before: list[Body], act: Act, code: str) -> None:
    with pytest.raises(LedgerError) as refused:
        log_keys.announce_log_keys(charter_of(*before), signed(act), now_ms=NOW_MS)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("before", "size"), [([], 1), ([announcement(size=5)], 5), ([announcement(size=5)], 6)]
)
def test_keys_are_announced_from_the_first_size_of_earlier_keys_on(
    before: list[Body], size: int
) -> None:
    act = signed(announced(SECOND, size))
    assert log_keys.announce_log_keys(charter_of(*before), act, now_ms=NOW_MS).first_size == size


def test_the_ledgers_acts_by_another_key_are_refused() -> None:
    state = charter_of(announcement(), announcement(SECOND, 3))
    for decide, act in (
        (log_keys.announce_log_keys, announced(THIRD, 4)),
        (log_keys.retire_log_keys, retired(FIRST, 4)),
        (charter.freeze, frozen()),
    ):
        with pytest.raises(RefusedError) as refused:
            decide(state, signed(act, STRANGER), now_ms=NOW_MS)
        assert refused.value.code == "jws_kid_mismatch"


def test_retired_keys_have_a_last_size_and_no_more() -> None:
    before = [announcement(), announcement(SECOND, 5)]
    body = log_keys.retire_log_keys(charter_of(*before), signed(retired(FIRST, 9)), now_ms=NOW_MS)
    keys = charter_of(*before, body).log_keys
    spans = [(key.first_size, key.last_size) for key in keys]
    assert spans == [(2, 9), (2, 9), (5, None), (5, None)]
    assert [size for size in range(12) if keys[0].signs(size)] == [*range(2, 10)]
    assert [size for size in range(12) if keys[2].signs(size)] == [*range(5, 12)]


@pytest.mark.parametrize(
    ("vkeys", "size"),
    [
        ((), 9),
        (FIRST + SECOND, 9),
        (FIRST, 1),
        (THIRD, 9),
        ((FIRST[0], FIRST[0]), 9),
        (SECOND, 4),
        (FIRST, 3),
    ],
)
def test_keys_are_not_retired_where_none_would_be_left_or_they_are_not_in_force(
    vkeys: tuple[str, ...], size: int
) -> None:
    state = charter_of(announcement(), announcement(SECOND, 5))
    with pytest.raises(ConflictError) as refused:
        log_keys.retire_log_keys(state, signed(retired(vkeys, size)), now_ms=NOW_MS)
    assert refused.value.code == "log_keys_refused"


def test_an_ed25519_key_is_left_not_any_other() -> None:
    state = charter_of(announcement(), announcement(SECOND[:1], 5))
    log_keys.retire_log_keys(state, signed(retired(FIRST, 9)), now_ms=NOW_MS)
    with pytest.raises(ConflictError):
        log_keys.retire_log_keys(state, signed(retired((FIRST[0], SECOND[0]), 9)), now_ms=NOW_MS)


@pytest.mark.parametrize(("first", "size"), [(2, 2), (5, 4), (5, 5)])
def test_a_key_may_sign_once_and_its_successor_from_the_next_size_on(first: int, size: int) -> None:
    state = charter_of(announcement(), announcement(SECOND, first))
    act = signed(retired(FIRST, size))
    assert log_keys.retire_log_keys(state, act, now_ms=NOW_MS).last_size == size


def test_a_key_is_retired_once() -> None:
    state = charter_of(announcement(), announcement(SECOND, 5), retirement(FIRST, 9))
    with pytest.raises(ConflictError):
        log_keys.retire_log_keys(state, signed(retired(FIRST, 10)), now_ms=NOW_MS)


@pytest.mark.parametrize("reason", ["", "too short", "x" * 2001])
def test_an_end_has_a_reason(reason: str) -> None:
    with pytest.raises(LedgerError) as refused:
        charter.freeze(charter_of(), signed(frozen(reason)), now_ms=NOW_MS)
    assert refused.value.code == "reason_invalid"


@pytest.mark.parametrize("reason", ["x" * 10, "x" * 2000])
def test_the_reason_of_an_end_has_10_to_2000_characters(reason: str) -> None:
    assert charter.freeze(charter_of(), signed(frozen(reason)), now_ms=NOW_MS).reason == reason


# --- auditing ----------------------------------------------------------------------------------


def audited(*bodies: Body) -> Auditor:
    auditor = Auditor()
    for position, event in enumerate(stream_of(founding(), *bodies), 1):
        auditor.add(position, events.encode(event, salt=bytes(32)))
    return auditor


def test_an_audit_makes_the_ledgers_acts_again() -> None:
    auditor = audited(announcement(), announcement(SECOND, 3), retirement(FIRST, 3), end())
    assert auditor.charter is not None
    assert [key.last_size for key in auditor.charter.log_keys] == [3, 3, None, None]
    assert auditor.charter.frozen


@pytest.mark.parametrize(
    "bodies",
    [
        [LogKeysAnnounced(vkeys=SECOND, first_size=2, act=signed(announced(FIRST, 2)))],
        [LogKeysAnnounced(vkeys=FIRST, first_size=1, act=signed(announced(FIRST, 2)))],
        [LogKeysAnnounced(vkeys=FIRST, first_size=2, act=signed(announced(FIRST, 2), STRANGER))],
        [announcement(size=3)],
        [announcement(), announcement()],
        [announcement(), announcement(SECOND, 3), retirement(FIRST, 5)],
        [announcement(), announcement(SECOND, 3), retirement(THIRD, 3)],
        [announcement(), retirement(FIRST, 3)],
        [LogFrozen(reason="Another reason", act=signed(frozen()))],
        [end(), announcement(size=3)],
        [end(), end()],
    ],
)
def test_an_audit_refuses_what_the_ledgers_own_key_did_not_decide(bodies: list[Body]) -> None:
    with pytest.raises(AuditError) as refused:
        audited(*bodies)
    assert refused.value.evidence == {"position": 1 + len(bodies)}


@pytest.mark.parametrize(
    "bodies",
    [[announcement(size=3)], [announcement(), announcement(SECOND, 3), retirement(FIRST, 5)]],
)
def test_an_audit_refuses_log_keys_of_a_size_that_is_not_there_yet(bodies: list[Body]) -> None:
    with pytest.raises(AuditError) as refused:
        audited(*bodies)
    assert getattr(refused.value.__cause__, "code", None) == "log_keys_misplaced"


def test_an_audit_names_why_an_event_cannot_be_there() -> None:
    with pytest.raises(AuditError) as refused:
        audited(end(), announcement(size=3))
    assert getattr(refused.value.__cause__, "code", None) == "ledger_frozen"
    with pytest.raises(AuditError) as refused:
        Auditor().add(1, events.encode(stream_of(announcement(size=1))[0], salt=bytes(32)))
    assert getattr(refused.value.__cause__, "code", None) == "not_founded"


def test_an_audit_refuses_the_ledgers_acts_in_another_stream() -> None:
    auditor = audited()
    (_, event) = stream_of(founding(), announcement())
    elsewhere = msgspec.structs.replace(event, stream=UUID(int=7), version=1)
    with pytest.raises(AuditError):
        auditor.add(2, events.encode(elsewhere, salt=bytes(32)))
