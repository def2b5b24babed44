"""The log may store an event at any later time before its decision's end: the audit agrees."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from ledger import clock
from ledger.domain import entry
from ledger.domain.events import BODIES, BodiesErased, KeyReaffirmed, NameErased
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.verify.auditor import Auditor
from tests.support.authenticator import Passkey
from tests.support.changes import governors, invite, set_charter, values
from tests.support.chronicle import FOUNDING
from tests.support.comebacks import COMEBACK, admit, re_enrol
from tests.support.keys import TestKey, ed25519_key
from tests.support.ledgers import (
    Cast,
    Process,
    check_ledger,
    drafted_change,
    rows,
    second_key,
    settled,
)
from tests.support.links import link_jwk
from tests.support.noted_writes import NotingProcess, agrees
from tests.support.operator_recovering import recover_from_somebody_there
from tests.support.short_lived import draft_late
from tests.support.signers import Signer
from tests.support.type_definitions import define, definition, retire
from tests.support.using import use_and_report
from tests.support.versions import copied

# Within the five minutes for which what is signed at 03:04:05 is fresh.
SOON, SOONER = "2026-11-21T03:05:00.000Z", "2026-11-21T03:04:30.000Z"
FAR_MS = 1000 * 24 * 3600 * 1000
FIVE_MINUTES_MS = 300_000


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


async def _invite(cast: Cast, process: Process, token: str, expires_at: str) -> None:
    await process.change(cast.dave, invite(token, "investor", expires_at))


async def add_key(process: Process, who: Signer, expires_at: str) -> TestKey:
    key = ed25519_key(uuid4().int >> 8)
    begun = await process.people.keys.begin(who.user)
    submission = who.submission(key, nonce=begun.ceremony.nonce, expires_at=expires_at)
    await process.people.keys.add(who.user, begun.id, submission)
    return key


async def _register(cast: Cast, process: Process) -> None:
    for token, expires_at in (("soon", SOON), ("far", "2027-11-21T03:05:00.000Z")):
        await _invite(cast, process, token, expires_at)
        newcomer = Signer(1, "investor", key=ed25519_key(uuid4().int >> 8), time=cast.time)
        await process.register(newcomer, token, token)


async def _change_keys(cast: Cast, process: Process) -> TestKey:
    bob = cast.bob
    passkey = Passkey()
    await process.add_passkey(bob, passkey)
    await process.remove_passkey(bob, passkey.id)
    await process.revoke(bob, second_key(bob).kid)
    await process.grant(cast.dave, bob.user, "creator")
    return await add_key(process, bob, SOONER)


async def _let_a_program_work(cast: Cast, process: Process) -> None:
    """Add a service account, whose end holds for its acts alone, and end it."""
    bob, key, services = cast.bob, ed25519_key(uuid4().int >> 8), process.people.service_accounts
    begun = await process.people.keys.begin(bob.user)
    account = bob.service(key, nonce=begun.ceremony.nonce, expires_at=SOON)
    await services.add(bob.user, begun.id, account)
    act = bob.act("end-service-account", user=bob.user, account=key.kid)
    await services.end(key.kid, act, bob.confirm(act))


async def _decide(cast: Cast, process: Process, ending: TestKey) -> None:
    """Draft, approve, reject, retract and withdraw, on statements with and without an end."""
    one_of = {"threshold": 1, "of": ["role:investor", "role:creator"]}
    for policy in (one_of, one_of | {"expiresAt": SOON}):
        for key in (cast.bob.key, ending):
            raw = await process.draft(cast.alice, policy=policy)
            await process.commands.sign(_id(raw), cast.bob.shared(raw, key=key), None)
            # An approved statement takes more approvals, and no longer ends.
            await process.commands.sign(_id(raw), cast.carol.individual(raw), None)
            raw = await process.draft(cast.alice, policy=policy)
            about = _about(raw)
            act = cast.bob.act("reject", key=key, reason="The sum is wrong.", **about)
            await process.commands.reject(_id(raw), act, None)
            act = cast.alice.act("withdraw", **about)
            await process.commands.withdraw(_id(raw), act)
            await process.draft(
                cast.alice,
                policy=policy,
                supersedes=copied(await process.draft(cast.alice, policy=policy)),
            )
            raw = await process.draft(cast.alice, policy=policy | {"threshold": 2})
            await process.commands.sign(_id(raw), cast.bob.shared(raw, key=key), None)
            act = cast.bob.act("retract", key=key, iat=cast.time.ms // 1000 + 1, **_about(raw))
            await process.commands.retract(_id(raw), act, None)


async def _recover(cast: Cast, process: Process) -> None:
    """Set recovery codes, use one, and cancel the recovery."""
    dave, recovering = cast.dave, process.people.recovering
    keys = [link_jwk(f"code {n}", dave.ledger) for n in range(10)]
    act = dave.act("set-recovery-codes", keys=keys)
    await recovering.set_codes(act, dave.confirm(act))
    passkey = Passkey()
    await process.come_back(dave, passkey, "code 0", "recovery")
    act = dave.act("cancel-recovery", recovery=f"passkey:{passkey.id}", user=dave.user)
    await recovering.cancel(dave.user, act, dave.confirm(act))


def _id(raw: bytes) -> str:
    return str(json.loads(raw)["statementId"])


def _about(raw: bytes) -> dict[str, Any]:
    return {"statementId": _id(raw), "sha256": hashlib.sha256(raw).hexdigest()}


async def _everything(cast: Cast, process: Process) -> None:
    await _register(cast, process)
    await _let_a_program_work(cast, process)
    await _decide(cast, process, ending := await _change_keys(cast, process))
    await use_and_report(cast, process, ending, SOON)
    await draft_late(cast, process)
    for tell in (_recover, _end_standing, _reform, _leave, _wait_for_another):
        await tell(cast, process)
    await recover_from_somebody_there(process, cast.dave)


async def _leave(cast: Cast, process: Process) -> None:
    """End by a change what a leaver left: a pending statement, before its own end."""
    bob, carol = cast.bob, cast.carol
    policy = {"threshold": 1, "of": ["role:investor"], "expiresAt": SOON}
    left = _id(await process.draft(bob, policy=policy))
    lost = {"kid": second_key(carol).kid, "since": clock.to_text(cast.time.ms)}
    await process.change(
        cast.dave,
        {"deactivate": {"user": bob.user}},
        {"withdraw": {"statement": left}},
        {"declare-compromise": {"user": carol.user} | lost},
        governance=_one_of(cast),
    )


def _one_of(cast: Cast) -> dict[str, Any]:
    """Return the governance policy after `_reform`."""
    return {"threshold": 1, "of": ["role:administrator", f"user:{cast.alice.user}"]}


async def _wait_for_another(cast: Cast, process: Process) -> None:
    """Draft a change that waits for a second person, until what it asks for is over."""
    alice, dave = cast.alice, cast.dave
    one = _one_of(cast)
    two = one | {"threshold": 2}
    raised = {"policy": two, "was": policy_digest(msgspec.convert(one, Node))}
    stated = {"people": governors(alice, dave)}
    await process.change(
        dave, {"set-governance": raised | stated}, accepted_by=[alice], governance=one
    )
    await process.change(dave, invite("for later", "investor", SOONER), governance=two)
    await _come_back(cast, process, two)


async def _come_back(cast: Cast, process: Process, two: dict[str, Any]) -> None:
    """Re-enrol an auditor, by two people."""
    alice, passkey = cast.alice, Passkey()

    async def ask(item: dict[str, Any]) -> None:
        drafted = drafted_change(cast.dave, item, governance=two)
        await process.people.changes.make(drafted)
        jws = alice.shared(drafted.document.encode())
        await process.commands.sign(_id(drafted.document.encode()), jws, alice.confirm(jws))

    await ask(re_enrol(cast.erin, expiresAt=SOON))
    await process.come_back(cast.erin, passkey, COMEBACK, "re-enrolment")
    await ask(admit(cast.erin, passkey))


async def _reform(cast: Cast, process: Process) -> None:
    """Make a change with items of all kinds: only its invitation ends before its signatures."""
    invitation, legal = str(uuid4()), {"user": cast.alice.user, "role": "legal"}
    rules = {"threshold": 1, "of": ["role:administrator", f"user:{cast.alice.user}"]}
    held = {"name": cast.alice.user}
    await process.change(
        cast.dave,
        {"hold": held},
        {"release-hold": held},
        {"define-role": {"role": "legal"}},
        {"grant-role": legal},
        {"end-role": legal},
        {"close-role": {"role": "legal"}},
        invite("a token", "investor", SOON, invitation=invitation),
        {"cancel-invitation": {"invitation": invitation}},
        {"suspend": {"user": cast.alice.user}},
        {"reinstate": {"user": cast.alice.user}},
        set_charter(values("open"), values("invite")),
        define(definition()),
        retire(definition()),
        {"set-governance": {"policy": rules, "was": policy_digest(FOUNDING)}},
    )


async def _end_standing(cast: Cast, process: Process) -> None:
    """Declare a compromise, and suspend a person."""
    carol, dave = cast.carol, cast.dave
    since = clock.to_text(cast.time.ms)
    act = carol.act("declare-compromise", kid=carol.key.kid, since=since)
    await process.people.standing.declare_compromise(act, carol.confirm(act))
    act = dave.act("suspend", user=carol.user, reason="Left the company.")
    await process.people.standing.suspend(carol.user, act, dave.confirm(act))


def test_an_event_holds_at_every_time_before_its_end_and_not_at_it(
    cast: Cast, tmp_path: Path
) -> None:
    process = NotingProcess(cast.copy(tmp_path / "ledger"), cast)
    before = process.store.head().stored
    asyncio.run(_everything(cast, process))
    auditor, left = Auditor(), [*process.writes]
    ends: set[int | None] = set()
    for position, state, leaf in rows(Path(process.store.address)):
        if position > before and left and left[0].events[0].state == state:
            write = left.pop(0)
            ends.add(write.until_ms)
            last_ms = cast.time.ms + FAR_MS if write.until_ms is None else write.until_ms - 1
            middle_ms = (cast.time.ms + last_ms) // 2
            tag = write.events[0].topic
            assert agrees(auditor, write, cast.time.ms), tag
            assert agrees(auditor, write, middle_ms), tag
            assert agrees(auditor, write, last_ms), tag
            assert write.until_ms is None or not agrees(auditor, write, write.until_ms), tag
        auditor.add(position, state, leaf)
    assert left == []
    signed_ms = cast.time.ms // 1000 * 1000
    assert {clock.to_ms(SOON), clock.to_ms(SOONER), signed_ms + FIVE_MINUTES_MS + 1} <= ends
    tags = {event.topic for write in process.writes for event in write.events}
    others = {tag for tag, body in BODIES.items() if body.MEANING.actor == "ledger"}
    # One comes after a loss, the others destroy bodies: test_losses.py, test_erasing.py.
    others |= {KeyReaffirmed.TAG, BodiesErased.TAG, NameErased.TAG}
    assert tags | others == set(BODIES)
    check_ledger(process)
    process.close()


def test_a_process_whose_clock_is_slower_writes_at_the_newest_time(
    cast: Cast, tmp_path: Path
) -> None:
    directory = cast.copy(tmp_path / "ledger")
    here, ahead = Process(directory, cast.time), Process(directory, cast.time)

    async def run() -> None:
        raw = await here.draft(cast.alice, policy={"threshold": 1, "of": ["role:investor"]})
        jws = cast.bob.shared(raw)
        # The other process's clock is 20 seconds ahead.
        cast.time.ms += 20_000
        await ahead.draft(cast.alice)
        cast.time.ms -= 20_000
        answer = await here.commands.sign(_id(raw), jws, None)
        (_, state), *_ = here.store.read(answer.position - 1, 1)
        (_, newest), *_ = here.store.read(answer.position - 2, 1)
        assert entry.parse_entry(entry.split(state)[0]).at == (
            entry.parse_entry(entry.split(newest)[0]).at
        )

    asyncio.run(run())
    check_ledger(here)
    here.close()
    ahead.close()
