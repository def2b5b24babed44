"""`ledger recover`: from two lost administrators to people who govern in their place."""

import asyncio
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import run
from ledger.audit.run import AuditRequest
from ledger.cli.main import main
from ledger.data_files import LEDGER_KEY_FILE, LOG_FILE
from ledger.domain.charter_values import LEAST_WAIT_MS as WAIT_MS
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.operator_recovery import OPEN_MS
from ledger.domain.policy import Node
from ledger.errors import ConflictError
from ledger.store.engines import audited_log
from tests.support.actor import now_ms
from tests.support.changes import governors
from tests.support.keys import ed25519_key
from tests.support.ledgers import Cast, Process, check_ledger, drafted_change, settled
from tests.support.links import link_key
from tests.support.operator_recovering import cancel_operators
from tests.support.refusals import refused
from tests.support.signers import LEDGER, Signer

TWO: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}
TWO_NODE = Node(2, ("role:administrator",))
PAGE = Path(__file__).parents[3] / "docs/how-to/recover-governance.md"
REASON = "Both lost their phones and their codes in the fire."
BOARD = {"define-role": {"role": "board"}}


async def _governed_by_two(directory: Path, cast: Cast) -> None:
    """Let Dave and Bob govern together; Carol holds a place that she has not accepted."""
    with closing(Process(directory, cast.time)) as process:
        for who in (cast.bob, cast.carol):
            await process.grant(cast.dave, who.user, "administrator")
        people = governors(cast.dave, cast.bob, cast.carol)
        stated = {"policy": TWO, "was": policy_digest(FOUNDING), "people": people}
        await process.change(cast.dave, {"set-governance": stated}, accepted_by=[cast.bob])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    cast = settled(tmp_path_factory.mktemp("template") / "ledger")
    asyncio.run(_governed_by_two(cast.directory, cast))
    cast.start_ms = now_ms()  # the commands take the computer's clock
    return cast


@pytest.fixture
def cast(template: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """A copy of the ledger, audited when the test ends."""
    data = Path(shutil.copytree(template.directory, tmp_path / "ledger"))
    template.time.ms = now_ms()
    for name, value in {"DATA": str(data), "REGISTRATION": "invite", "LOG_ORIGIN": LEDGER}.items():
        monkeypatch.setenv(f"LEDGER_{name}", value)
    yield Cast(data, template.time, template.start_ms, *template.everybody)
    with closing(Process(data, template.time)) as process:
        check_ledger(process)


def recovers(*lost: str, reason: str = REASON) -> int:
    named = [word for each in lost for word in ("--lost", each)]
    return main(["recover", *named, "--reason", reason])


def links(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the secrets that the command printed."""
    return re.findall(
        r"administrator: http\S+/register#invitation=(\S{22})", capsys.readouterr().out
    )


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the code of the command's refusal."""
    return capsys.readouterr().err.removeprefix("ledger: ").partition(":")[0]


def newcomer(cast: Cast, number: int) -> Signer:
    return Signer(number, "administrator", key=ed25519_key(9_000 + number), time=cast.time)


def opened(cast: Cast) -> closing[Process]:
    cast.time.ms = max(cast.time.ms, now_ms())
    return closing(Process(cast.directory, cast.time))


def comes(process: Process, who: Signer, name: str, secret: str) -> None:
    asyncio.run(process.register(who, name, secret))


def cancels(process: Process, who: Signer, recovery: str) -> None:
    asyncio.run(cancel_operators(process, who, recovery))


def recovery_of(process: Process) -> str:
    rules = process.log.charter()
    assert rules is not None
    (found,) = {each.recovery.id for each in rules.invitations.values() if each.recovery}
    return found


def test_two_lost_administrators_are_followed_by_two_who_govern(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recovers("Dave", cast.bob.user) == 0
    first, second = links(capsys)
    gil, eve = newcomer(cast, 21), newcomer(cast, 22)
    with opened(cast) as process:
        with refused(ConflictError, "invitation_waiting"):
            comes(process, gil, "Gil", first)
        cast.time.ms += WAIT_MS
        comes(process, gil, "Gil", first)
        comes(process, eve, "Eve", second)
        drafted = drafted_change(gil, BOARD, governance=TWO)
        answer = asyncio.run(process.people.changes.make(drafted))
        assert json.loads(answer.body)["status"] == "pending"
        statement, jws = (
            json.loads(answer.body)["statementId"],
            eve.shared(drafted.document.encode()),
        )
        signed = asyncio.run(process.commands.sign(statement, jws, eve.confirm(jws)))
        assert json.loads(signed.body)["status"] == "approved"
        found = {each.name: each for each in check_ledger(process).people.values()}
    assert found["Gil"].roles == found["Eve"].roles == {"administrator"}


def test_the_page_on_it_has_the_command_that_works(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = re.findall(r"^ *\$ ledger (.*)$", PAGE.read_text(), re.MULTILINE)
    named = line.replace("Ada Byron", "Dave").replace("Ben Carter", "Bob")
    assert main(shlex.split(named)) == 0
    assert len(links(capsys)) == 2


def test_the_audit_finds_the_log_sound_after_a_recovery(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recovers("Bob") == 0
    (secret,) = links(capsys)
    with opened(cast) as process:
        cast.time.ms += WAIT_MS
        comes(process, newcomer(cast, 23), "Gil", secret)
    address = str(cast.directory / LOG_FILE)
    for jobs in (1, 2):
        request = AuditRequest(audited_log(address), jobs=jobs)
        assert run.audit(request, now_ms=cast.time.ms).finding is None


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        ((), "governance_can_act"),
        (("Nobody Here",), "user_unknown"),
        (("\u202e",), "user_unknown"),
        (("0f0f0f0f-0000-4000-8000-00000000dead",), "user_unknown"),
        (("Dave", "Alice"), "lost_not_counting"),
        (("Dave", "Carol"), "lost_not_counting"),
    ],
)
def test_the_command_refuses_who_is_not_lost_to_governance(
    cast: Cast, capsys: pytest.CaptureFixture[str], lost: tuple[str, ...], code: str
) -> None:
    assert recovers(*lost) == 2
    assert said(capsys) == code


def test_the_command_refuses_a_reason_that_says_nothing(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recovers("Dave", reason="Lost.") == 2
    assert said(capsys) == "reason_invalid"


def test_the_command_needs_the_ledgers_own_key(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "keys"]) == 0
    (cast.directory / LEDGER_KEY_FILE).unlink()
    capsys.readouterr()
    assert recovers("Dave") == 2
    assert said(capsys) == "ledger_key_missing"


def test_a_frozen_ledger_is_not_recovered(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "freeze", "--reason", "The fund is closed."]) == 0
    capsys.readouterr()
    assert recovers("Dave") == 2
    assert said(capsys) == "ledger_frozen"


def test_while_one_recovery_waits_no_other_begins(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recovers("Dave") == 0
    capsys.readouterr()
    assert recovers("Dave", "Bob") == 2
    assert said(capsys) == "recovery_waiting"


def test_a_lost_administrator_who_is_not_lost_cancels_it(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recovers("Dave", "Bob") == 0
    first, _ = links(capsys)
    with opened(cast) as process:
        cancels(process, cast.bob, recovery_of(process))
        with refused(ConflictError, "recovery_ended"):
            cancels(process, cast.dave, recovery_of(process))
        cast.time.ms += WAIT_MS
        with refused(ConflictError, "invitation_cancelled"):
            comes(process, newcomer(cast, 24), "Gil", first)


def test_used_links_are_not_cancelled(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert recovers("Bob") == 0
    (secret,) = links(capsys)
    gil = newcomer(cast, 25)
    with opened(cast) as process:
        cast.time.ms += WAIT_MS
        comes(process, gil, "Gil", secret)
        with refused(ConflictError, "invitation_used"):
            comes(process, newcomer(cast, 26), "Eve", secret)
        with refused(ConflictError, "recovery_ended"):
            cancels(process, gil, recovery_of(process))


def test_a_link_admits_nobody_once_governance_can_act_again(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if somebody accepts their place between the beginning and the end of a registration."""
    assert recovers("Bob") == 0
    (secret,) = links(capsys)
    gil = newcomer(cast, 27)
    with opened(cast) as process:
        cast.time.ms += WAIT_MS
        kid = link_key(secret).kid
        begun = asyncio.run(process.people.registration.begin("Gil", None, kid))
        asyncio.run(process.accept(cast.carol, TWO_NODE))
        gil.user = begun.ceremony.user
        nonce = begun.ceremony.nonce
        redeemed = gil.redeem(link_key(secret), accepts=policy_digest(TWO_NODE))
        with refused(ConflictError, "governance_can_act"):
            asyncio.run(
                process.people.registration.complete(
                    begun.id,
                    gil.new_passkey(gil.passkey, nonce=nonce),
                    gil.submission(gil.key, nonce=nonce),
                    redeemed,
                )
            )
        with refused(ConflictError, "governance_can_act"):
            asyncio.run(process.people.invitations.look(kid))
        with refused(ConflictError, "governance_can_act"):
            asyncio.run(process.people.registration.begin("Gil", None, kid))


def test_links_expire_after_a_week(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert recovers("Bob") == 0
    (secret,) = links(capsys)
    with opened(cast) as process:
        cast.time.ms += WAIT_MS + OPEN_MS
        with refused(ConflictError, "invitation_expired"):
            comes(process, newcomer(cast, 28), "Gil", secret)


def test_later_links_replace_those_that_nobody_used(
    cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recovers("Bob") == 0
    (lost_link,) = links(capsys)
    cast.time.ms = now_ms() + WAIT_MS
    with closing(Process(cast.directory, cast.time)) as process:
        asyncio.run(process.draft(cast.alice))
        # The command's clock is as late as the newest event.
        monkeypatch.setenv("LEDGER_CLOCK_CONFIRMED", str(process.store.head().stored))
    assert recovers("Bob") == 0
    (secret,) = links(capsys)
    with opened(cast) as process:
        cast.time.ms += WAIT_MS
        with refused(ConflictError, "invitation_cancelled"):
            comes(process, newcomer(cast, 29), "Gil", lost_link)
        comes(process, newcomer(cast, 30), "Gil", secret)
