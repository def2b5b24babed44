"""Ledgers in a directory, driven in-process: real files and signatures, no HTTP, a fixed clock."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from ledger.audit import run
from ledger.audit.run import AuditRequest
from ledger.commands.ceremonies import Begun
from ledger.commands.changes import DraftedChange
from ledger.commands.founding import found
from ledger.commands.known import State
from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.people import PeopleCommands
from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Answer, Writer
from ledger.data_files import LOG_FILE
from ledger.domain import challenges
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.settings import read_settings
from ledger.store.async_log import AsyncLog
from ledger.store.async_state import AsyncState
from ledger.store.engines import audited_log
from ledger.store.log import Log
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.store import SqliteLog
from ledger.system.wall_clock import WallClock
from ledger.verify.auditor import Auditor
from tests.support.authenticator import Passkey
from tests.support.changes import acceptance, invite, policy_set
from tests.support.erased import audit as audit  # tests take it from here
from tests.support.keys import TestKey, ed25519_key, es256_key
from tests.support.links import link_key
from tests.support.signers import LEDGER, Clock, Signer, assertion
from tests.support.states import folded, states


def unstepped(time: Clock) -> WallClock:
    """Return the computer's clock of a test whose time passes and is never set."""

    def read_ns() -> int:
        return time.ms * 1_000_000

    return WallClock(read_ns, read_ns)


def drafted_change(who: Signer, *items: dict[str, Any], **members: Any) -> DraftedChange:
    """Return a change as its drafter sends it."""
    raw = who.change(*items, **members)
    if policy_set(items) is not None:
        return DraftedChange(raw.decode(), who.draft_act(raw), None, None)
    jws = who.shared(raw)
    return DraftedChange(raw.decode(), who.draft_act(raw), jws, who.confirm(jws))


class Process:
    """One server process's view of a ledger: its own connections, caches and queue."""

    def __init__(self, directory: Path, time: Clock) -> None:
        self.time = time
        self.store = SqliteLog(directory / LOG_FILE)
        self.log = Log(self.store)
        self.committed: list[int] = []
        self.commits = AsyncLog(self.store, self.committed.append)
        self.clock = LedgerClock(unstepped(time), self.store.head())
        self.writer = Writer(self.commits, self.clock)
        born_ms = time.ms if self.store.head().stored else 0
        self.operations = SqliteState(directory / "state.sqlite", born_ms=born_ms)
        self.state = AsyncState(self.operations)
        self.commands = StatementCommands(self.writer, self.state)
        self.people = PeopleCommands(self.writer, self.state)

    def close(self) -> None:
        self.commits.close()
        self.store.close()
        self.state.close()
        self.operations.close()

    # --- people ----------------------------------------------------------------------------------

    async def register(self, who: Signer, name: str, token: str) -> Answer:
        begun = await self.people.registration.begin(name, None, link_key(token).kid)
        return await self.complete(who, begun, token)

    async def complete(self, who: Signer, begun: Begun, token: str | None = None) -> Answer:
        who.user = begun.ceremony.user
        nonce = begun.ceremony.nonce
        key = who.submission(who.key, nonce=nonce)
        passkey = who.new_passkey(who.passkey, nonce=nonce)
        redeem = (
            None if token is None else who.redeem(link_key(token), **await self._accepts(token))
        )
        answer, _ = await self.people.registration.complete(begun.id, passkey, key, redeem)
        return answer

    async def _accepts(self, token: str) -> dict[str, str]:
        """Return the members by which a newcomer accepts the policy that an invitation shows."""
        shown = (await self.people.invitations.look(link_key(token).kid)).governance
        return {} if shown is None else {"accepts": policy_digest(shown)}

    async def add_key(self, who: Signer, key: TestKey) -> Answer:
        begun = await self.people.keys.begin(who.user)
        submission = who.submission(key, nonce=begun.ceremony.nonce)
        return await self.people.keys.add(who.user, begun.id, submission)

    async def add_passkey(self, who: Signer, passkey: Passkey) -> Answer:
        begun, _ = await self.people.passkeys.begin(who.user)
        nonce = begun.ceremony.nonce
        new = who.new_passkey(passkey, nonce=nonce)
        act, own = who.addition(passkey, nonce=nonce)
        assert act.assertion is not None
        proofs = own, act.assertion
        return await self.people.passkeys.add(who.user, begun.id, new, act.text, proofs)

    async def remove_passkey(self, by: Signer, credential_id: str) -> Answer:
        act = by.act("remove-passkey", credentialId=credential_id)
        return await self.people.passkeys.remove(credential_id, act, by.confirm(act))

    async def revoke(self, by: Signer, kid: str) -> Answer:
        act = by.act("revoke-key", kid=kid)
        assertion = None if kid == by.key.kid else by.confirm(act)
        return await self.people.keys.revoke(kid, act, assertion)

    async def come_back(self, who: Signer, passkey: Passkey, secret: str, purpose: str) -> Answer:
        """Use a recovery code, or the link of a re-enrolment."""
        key, cose = link_key(secret, who.ledger), passkey.cose_sha256
        begun, _ = await self.people.recovering.begin(key.kid)
        nonce = begun.ceremony.nonce
        challenge = challenges.redeem(
            cose_sha256=cose, ledger=who.ledger, nonce=nonce, user=who.user
        )
        return await self.people.recovering.complete(
            begun.id,
            who.new_passkey(passkey, nonce=nonce),
            who.redeem(key, cose=cose, purpose=purpose),
            assertion(passkey.get(challenge)),
        )

    async def invite(self, who: Signer, role: str, token: str) -> Answer:
        return await self.change(who, invite(token, role, "2027-01-01T00:00:00.000Z"))

    async def grant(self, who: Signer, user: str, role: str) -> Answer:
        return await self.change(who, {"grant-role": {"user": user, "role": role}})

    # --- changes ---------------------------------------------------------------------------------

    async def change(
        self,
        who: Signer,
        *items: dict[str, Any],
        accepted_by: Sequence[Signer] = (),
        **members: Any,
    ) -> Answer:
        """Make a change; it is complete if governance asks for one person.

        If it sets governance, `who` and `accepted_by` accept it before `who` approves.
        """
        drafted = drafted_change(who, *items, **members)
        answer = await self.people.changes.make(drafted)
        policy = policy_set(items)
        if policy is None:
            return answer
        statement_id = str(json.loads(drafted.document)["statementId"])
        for each in (who, *accepted_by):
            await self.accept(each, policy, statement_id)
        jws = who.shared(drafted.document.encode())
        return await self.commands.sign(statement_id, jws, who.confirm(jws))

    async def accept(self, who: Signer, policy: Node, change: str | None = None) -> Answer:
        later = who.time.ms // 1000 + 1  # than the end of a role in this second, as the page signs
        act = who.act("accept-governance", **acceptance(policy, change), iat=later)
        return await self.people.acceptance.accept(act, who.confirm(act))

    # --- statements ------------------------------------------------------------------------------

    async def draft(self, who: Signer, **more: Any) -> bytes:
        raw = who.document(**({"statementId": str(uuid4())} | more))
        await self.commands.draft(raw.decode(), who.draft_act(raw))
        return raw


@dataclass
class Cast:
    """The people of the template ledger, with two keys each, and its file."""

    directory: Path
    time: Clock
    start_ms: int
    alice: Signer
    bob: Signer
    carol: Signer
    dave: Signer
    erin: Signer

    @property
    def everybody(self) -> tuple[Signer, ...]:
        return (self.alice, self.bob, self.carol, self.dave, self.erin)

    def copy(self, directory: Path) -> Path:
        """Copy the ledger as it was after the last registration."""
        shutil.copytree(self.directory, directory)
        self.time.ms = self.start_ms
        return directory


def second_key(who: Signer) -> TestKey:
    """Return the person's second key, an ES256 one."""
    return es256_key(int.from_bytes(who.passkey.credential_id[:8], "big") + 1000)


def settled(directory: Path) -> Cast:
    """Found a ledger with a creator, two investors, an administrator and an auditor."""
    time = Clock()
    roles = ("creator", "investor", "investor", "administrator", "auditor")
    people = [
        Signer(number, role, key=ed25519_key(100 + number), time=time)
        for number, role in enumerate(roles, start=1)
    ]
    cast = Cast(directory, time, time.ms, *people)
    asyncio.run(_settle(directory, cast))
    return cast


async def _settle(directory: Path, cast: Cast) -> None:
    process = Process(directory, cast.time)
    environment = {
        "LEDGER_DATA": str(directory),
        "LEDGER_LOG_ORIGIN": LEDGER,
        "LEDGER_REGISTRATION": "invite",
    }
    setup = found(process.log, read_settings(environment), now_ms=cast.time.ms)
    assert setup is not None
    await process.register(cast.dave, "Dave", setup)
    for name, who in (("Alice", cast.alice), ("Bob", cast.bob), ("Carol", cast.carol)):
        (role,) = who.roles
        await process.invite(cast.dave, role, name)
        await process.register(who, name, name)
        await process.add_key(who, second_key(who))
    await process.invite(cast.dave, "auditor", "Erin")
    await process.register(cast.erin, "Erin", "Erin")
    process.close()


def rows(path: Path) -> list[tuple[int, bytes, bytes]]:
    """Return (position, state, leaf) from a log's file, read only by SQLite."""
    with closing(sqlite3.connect(path)) as raw:
        return states(raw)


def know_everybody(process: Process, cast: Cast) -> None:
    """Have a process load everybody, so that what it knows can be too old later."""
    users = [UUID(each.user) for each in cast.everybody]
    asyncio.run(process.writer.ask(lambda reading: reading.people(users)))


def check_ledger(process: Process, *others: Process) -> Auditor:
    """Audit the log of some processes, and compare their cached states with freshly loaded ones."""
    stored = rows(Path(process.store.address))
    auditor = audit(stored)
    request = AuditRequest(audited_log(process.store.address), jobs=1)
    report = run.audit(request, now_ms=process.time.ms)
    assert report.finding is None, report.finding
    assert [position for position, _, _ in stored] == list(
        range(1, process.store.head().stored + 1)
    )
    fresh = Log(SqliteLog(Path(process.store.address)))
    assert fresh.charter() == auditor.charter
    for stream, state in auditor.statements.items():
        assert folded(fresh.store, stream) == state
        for each in (process, *others):
            _require_same_or_older(each.writer.seen.state(stream), state)
    for user, someone in auditor.people.items():
        assert folded(fresh.store, user) == someone
        for each in (process, *others):
            _require_same_or_older(each.writer.seen.state(user), someone)
    fresh.close()
    return auditor


def _require_same_or_older(cached: State | None, state: State) -> None:
    """Allow a cached state to miss another process's events; the store would refuse it."""
    if cached is not None:
        assert cached == state or cached.version < state.version
