"""A server after a restore that lost something: what people can do, and what they cannot."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger import clock
from ledger.audit.replay import fold
from ledger.commands.log_keys import LedgerActs
from ledger.data_files import LOG_FILE
from ledger.domain.entry import leaf_hash
from ledger.domain.governance import FOUNDING
from ledger.domain.ledger_acts import KeptTree
from ledger.domain.restoration import log_origin
from ledger.errors import ConflictError, ForbiddenError, RefusedError
from ledger.settings import read_settings
from ledger.store.engines import audited_log, copies
from ledger.store.log import Log
from ledger.store.sqlite.store import SqliteLog
from ledger.tlog.merkle import Edge
from tests.integration.commands.test_deadlines import SOONER, add_key
from tests.support.chronicle import about
from tests.support.comebacks import COMEBACK, re_enrol
from tests.support.fixed_keys import fixed_log_keys, fixed_passkey
from tests.support.keys import ed25519_key
from tests.support.ledgers import Cast, Process, audit, check_ledger, rows, second_key, settled
from tests.support.noted_writes import NotingProcess, agrees
from tests.support.refusals import refused
from tests.support.signers import LEDGER, Signer

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def process(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    with closing(Process(cast.copy(tmp_path / "ledger"), cast.time)) as process:
        yield process
        check_ledger(process)


def lose(process: Process) -> None:
    """Restore the ledger as an operator does while no server runs."""
    stored = rows(Path(process.store.address))
    edge, _ = Edge().extend(b"".join(leaf_hash(state) for _, state, _ in stored))
    directory = Path(process.store.address).parent
    settings = read_settings({"LEDGER_DATA": str(directory), "LEDGER_LOG_ORIGIN": LEDGER})
    origin = log_origin(LEDGER, 1)
    copies().raise_epoch(directory, 1)
    with closing(Log(SqliteLog(directory / LOG_FILE))) as log:  # opened in the new epoch
        LedgerActs(log, settings, lambda: process.time.ms).restore(
            epoch=1,
            kept=KeptTree(edge.size, edge.root().hex()),
            lost="unknown",
            origin=origin,
            vkeys=fixed_log_keys(3, origin)[:1],
            reason="The disk of the server failed.",
        )
    process.time.ms += 1000


def restarted(process: Process) -> Process:
    """Return another process on the same log, which knows nothing of it yet."""
    return Process(Path(process.store.address).parent, process.time)


async def reaffirm(process: Process, who: Signer, key: Any = None) -> None:
    kid = (key or who.key).kid
    act = who.act("reaffirm-key", kid=kid, epoch=1)
    await process.people.keys.reaffirm(kid, act, who.confirm(act))


async def sign(process: Process, who: Signer, raw: bytes) -> None:
    jws = who.shared(raw)
    await process.commands.sign(json.loads(raw)["statementId"], jws, None)


async def use(process: Process, who: Signer, raw: bytes) -> None:
    act = who.act("use", **about(raw), nonce="n" * 22)
    await process.commands.use(json.loads(raw)["statementId"], act)


def test_a_key_signs_again_once_its_person_reaffirms_it(cast: Cast, process: Process) -> None:
    lose(process)
    with closing(restarted(process)) as server:
        with refused(RefusedError, "reaffirmation_required"):
            asyncio.run(server.draft(cast.alice))
        asyncio.run(reaffirm(server, cast.alice))
        asyncio.run(server.draft(cast.alice))
        # A process that knew nobody folds everybody with the loss, also after later events.
        with closing(restarted(process)) as third:
            asyncio.run(third.draft(cast.alice))
            spare = Signer(1, key=second_key(cast.alice), passkey=cast.alice.passkey)
            spare.user, spare.time = cast.alice.user, cast.time
            with refused(RefusedError, "reaffirmation_required"):
                asyncio.run(third.draft(spare))
        check_ledger(server)
        last = server.store.head().stored
    with closing(audited_log(process.store.address).open()) as found:
        world = fold(found, last, time=None, statement=None, decide=True)
    (me,) = [each for each in world.people if each.id == cast.alice.user]
    assert [key.status for key in me.keys] == ["active", "waiting"]


def test_an_administrator_governs_again_after_a_key_and_an_acceptance(
    cast: Cast, process: Process
) -> None:
    lose(process)
    with closing(restarted(process)) as server:
        asyncio.run(reaffirm(server, cast.dave))
        with refused(ForbiddenError, "governance_not_accepted"):
            asyncio.run(server.invite(cast.dave, "investor", "Frank"))
        asyncio.run(server.accept(cast.dave, FOUNDING))
        asyncio.run(server.invite(cast.dave, "investor", "Frank"))


def test_what_waited_never_works_and_its_secrets_are_refused(cast: Cast, process: Process) -> None:
    new = fixed_passkey(70)
    asyncio.run(process.invite(cast.dave, "investor", "Gil"))
    asyncio.run(process.change(cast.dave, re_enrol(cast.bob)))
    asyncio.run(process.come_back(cast.bob, new, COMEBACK, "re-enrolment"))
    asyncio.run(process.change(cast.dave, re_enrol(cast.carol, "another link")))
    lose(process)
    process.time.ms += 2 * DAY_MS
    with closing(restarted(process)) as server:
        with refused(ConflictError, "invitation_void"):
            asyncio.run(server.register(Signer(8, key=ed25519_key(180)), "Gil", "Gil"))
        with refused(ConflictError, "link_void"):
            asyncio.run(
                server.come_back(cast.carol, fixed_passkey(71), "another link", "re-enrolment")
            )
        asyncio.run(reaffirm(server, cast.bob))  # his older passkey goes on
        state = audit(rows(Path(process.store.address))).people[UUID(cast.bob.user)]
        assert (state.re_enrolled_at, state.passkeys[new.id].cancelled) == (None, True)


def test_what_waited_has_ended_and_no_use_is_left(cast: Cast, process: Process) -> None:
    alice = {"threshold": 1, "of": [f"user:{cast.alice.user}"]}
    usable = {"by": [f"user:{cast.alice.user}"], "times": 1}
    waits, approved = (
        asyncio.run(process.draft(cast.alice, policy=alice, usable=usable)) for _ in range(2)
    )
    asyncio.run(sign(process, cast.alice, approved))
    lose(process)
    with closing(restarted(process)) as server:
        asyncio.run(reaffirm(server, cast.alice))
        with refused(ConflictError, "statement_expired"):
            asyncio.run(sign(server, cast.alice, waits))
        with refused(ConflictError, "uses_void"):
            asyncio.run(use(server, cast.alice, approved))
        anew = asyncio.run(server.draft(cast.alice, policy=alice, usable=usable))
        asyncio.run(sign(server, cast.alice, anew))
        asyncio.run(use(server, cast.alice, anew))


def test_a_reaffirmation_holds_until_its_key_ends(cast: Cast, process: Process) -> None:
    ending = asyncio.run(add_key(process, cast.bob, SOONER))
    lose(process)
    directory = Path(process.store.address).parent
    with closing(NotingProcess(directory, cast)) as server:
        asyncio.run(reaffirm(server, cast.bob))
        auditor = audit(rows(Path(process.store.address)))
        asyncio.run(reaffirm(server, cast.bob, ending))
        _, write = server.writes
        end_ms = clock.to_ms(SOONER)
        assert write.until_ms == end_ms
        assert agrees(auditor, write, end_ms - 1)
        assert not agrees(auditor, write, end_ms)
