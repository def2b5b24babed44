"""People who send random requests through random processes, in parallel or in sequence."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from ledger.commands.writer import Answer
from ledger.domain.passkey import AssertionEvidence
from ledger.errors import LedgerError, UnavailableError
from tests.support.keys import TestKey, ed25519_key
from tests.support.ledgers import Cast, Process, second_key
from tests.support.scene import user
from tests.support.signers import Signer

KINDS = (
    ["sign"] * 6
    + ["reject"] * 3
    + ["retract"] * 2
    + ["use"] * 3
    + ["report"] * 2
    + ["draft", "draft", "withdraw", "revoke", "grant", "register", "add_key", "wait", "mix_up"]
)
ROLES = ("creator", "investor", "administrator", "auditor")


@dataclass(frozen=True)
class Step:
    """One request: the person, the target, the statement, the variant and the process."""

    kind: str
    who: int
    other: int
    statement: int
    variant: int
    process: int


_SMALL = st.integers(0, 7)
STEPS = st.lists(
    st.builds(Step, st.sampled_from(KINDS), _SMALL, _SMALL, _SMALL, _SMALL, st.integers(0, 1)),
    min_size=1,
    max_size=25,
)


def policies(cast: Cast) -> list[dict[str, Any]]:
    alice, bob, carol, erin = (user(each) for each in (cast.alice, cast.bob, cast.carol, cast.erin))
    return [
        {"threshold": 2, "of": ["role:creator", "role:investor"]},
        {"threshold": 2, "of": [alice, bob, carol]},
        {"threshold": 2, "of": ["role:investor"], "veto": [user(cast.dave)]},
        {"threshold": 2, "of": [alice, {"threshold": 2, "of": ["role:investor", erin]}]},
        {"threshold": 1, "of": [bob, carol], "assurance": "passkey"},
        {"threshold": 3, "of": ["role:investor", "role:administrator"], "creatorMaySign": False},
        {"threshold": 2, "of": ["role:administrator", bob]},
        {"threshold": 2, "of": [alice, bob], "expiresAt": "2026-11-21T03:14:05.678Z"},
    ]


@dataclass
class Commanders:
    """Carries out steps; `granted` counts the events that the answers promise."""

    cast: Cast
    processes: Sequence[Process]
    people: list[Signer] = field(init=False)
    drafts: list[bytes] = field(default_factory=list)
    granted: int = 0
    refusals: list[LedgerError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = list(self.cast.everybody)

    async def each(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self.do(step)

    async def at_once(self, steps: Sequence[Step]) -> None:
        await asyncio.gather(*map(self.do, steps))

    async def do(self, step: Step) -> None:
        process = self.processes[step.process % len(self.processes)]
        try:
            answer = await getattr(self, f"_{step.kind}")(step, process)
        except UnavailableError:
            raise  # a retry is never needed here
        except LedgerError as error:
            self.refusals.append(error)
            return
        if isinstance(answer, Answer) and not answer.repeated:
            self.granted += {"register": 4, "grant": 3}.get(step.kind, 1)

    # --- parts -----------------------------------------------------------------------------------

    def _who(self, number: int) -> Signer:
        return self.people[number % len(self.people)]

    def _about(self, step: Step) -> tuple[str, bytes, dict[str, Any]]:
        if not self.drafts:
            raise LedgerError("nothing", "no statement yet")
        raw = self.drafts[step.statement % len(self.drafts)]
        statement_id = json.loads(raw)["statementId"]
        about = {"statementId": statement_id, "sha256": hashlib.sha256(raw).hexdigest()}
        return statement_id, raw, about

    @staticmethod
    def _key(who: Signer, variant: int) -> TestKey:
        return second_key(who) if variant % 2 else who.key

    @staticmethod
    def _assertion(who: Signer, raw: bytes, jws: str) -> AssertionEvidence | None:
        asked = json.loads(raw)["policy"].get("assurance") == "passkey"
        return who.confirm(jws) if asked else None

    # --- steps -----------------------------------------------------------------------------------

    async def _draft(self, step: Step, process: Process) -> Answer:
        who, rules = self._who(step.who), policies(self.cast)
        policy = rules[step.variant % len(rules)]
        usable = {"by": ["role:creator", "role:investor"], "times": 1 + step.variant % 2}
        members = {"usable": usable} if step.other % 2 else {}
        raw = who.document(statementId=str(uuid4()), policy=policy, **members)
        answer = await process.commands.draft(raw.decode(), who.draft_act(raw))
        self.drafts.append(raw)
        return answer

    async def _sign(self, step: Step, process: Process) -> Answer:
        statement_id, raw, _ = self._about(step)
        who = self._who(step.who)
        form = who.shared if step.variant < 4 else who.individual
        jws = form(raw, key=self._key(who, step.variant))
        return await process.commands.sign(statement_id, jws, self._assertion(who, raw, jws))

    async def _mix_up(self, step: Step, process: Process) -> Answer:
        """Send an approval of another statement, or one by another person."""
        statement_id, _, _ = self._about(step)
        other = self.drafts[step.other % len(self.drafts)]
        who = self._who(step.who)
        jws = who.individual(other, signer=self._who(step.other).user)
        return await process.commands.sign(statement_id, jws, None)

    async def _reject(self, step: Step, process: Process) -> Answer:
        statement_id, raw, about = self._about(step)
        who = self._who(step.who)
        act = who.act("reject", **about, reason=f"Reason number {step.variant}.")
        return await process.commands.reject(statement_id, act, self._assertion(who, raw, act))

    async def _retract(self, step: Step, process: Process) -> Answer:
        statement_id, raw, about = self._about(step)
        who = self._who(step.who)
        act = who.act("retract", **about, reason=f"Reason number {step.variant}.")
        return await process.commands.retract(statement_id, act, self._assertion(who, raw, act))

    async def _use(self, step: Step, process: Process) -> Answer:
        statement_id, _, about = self._about(step)
        act = self._who(step.who).act("use", **about, nonce=f"{step.variant:022}")
        return await process.commands.use(statement_id, act)

    async def _report(self, step: Step, process: Process) -> Answer:
        statement_id, _, about = self._about(step)
        who = self._who(step.who)
        outcome = ("not-done", "done", "unknown")[step.variant % 3]
        members: dict[str, Any] = {"number": 1, "generation": 1, "outcome": outcome}
        act = who.act("outcome", **about, **members)
        assertion = who.confirm(act) if step.other % 2 else None
        return await process.commands.report(statement_id, act, assertion)

    async def _withdraw(self, step: Step, process: Process) -> Answer:
        statement_id, _, about = self._about(step)
        return await process.commands.withdraw(
            statement_id, self._who(step.who).act("withdraw", **about)
        )

    async def _revoke(self, step: Step, process: Process) -> Answer:
        kid = self._key(self._who(step.other), step.variant).kid
        act = self._who(step.who).act("revoke-key", kid=kid)
        assertion = self._who(step.who).confirm(act) if step.variant % 2 else None
        return await process.people.keys.revoke(kid, act, assertion)

    async def _grant(self, step: Step, process: Process) -> Answer:
        whom, role = self._who(step.other), ROLES[step.variant % 4]
        return await process.grant(self._who(3 if step.who else 0), whom.user, role)

    async def _register(self, step: Step, process: Process) -> Answer:
        token = str(uuid4())
        await process.invite(self.cast.dave, ROLES[step.variant % 4], token)
        self.granted += 3
        newcomer = Signer(
            1, ROLES[step.variant % 4], key=ed25519_key(uuid4().int >> 8), time=self.cast.time
        )
        other = self.processes[step.other % len(self.processes)]
        answer = await other.register(newcomer, f"Somebody {token}", token)
        self.people.append(newcomer)
        return answer

    async def _add_key(self, step: Step, process: Process) -> Answer:
        return await process.add_key(self._who(step.who), ed25519_key(uuid4().int >> 8))

    async def _wait(self, step: Step, process: Process) -> None:
        process.time.ms += step.variant * 100_000

    def statement_ids(self) -> list[UUID]:
        return [UUID(json.loads(raw)["statementId"]) for raw in self.drafts]
