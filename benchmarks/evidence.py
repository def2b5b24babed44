"""The cost of making and verifying a bundle, compared with an audit of the same log.

    python -m benchmarks.evidence [STATEMENTS]

Each statement has one draft and two approvals, with real signatures. Times are the CPU time of one
thread. Making a bundle includes writing the log into a new file.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, get_args
from uuid import UUID

from ledger.domain.events import Body, Event, encode
from ledger.verify.auditor import Auditor
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from tests.support.chronicle import Chronicle
from tests.support.dossier import bundle_of, log_signer
from tests.support.signers import NOW_MS


class LongStory(Chronicle):
    """A chronicle that remembers versions instead of searching all its events for the next one."""

    def tell(self, stream: UUID | str, body: Body) -> Event:
        name = UUID(str(stream))
        state = self.auditor.people.get(name) or self.auditor.statements.get(name)
        charter = self.auditor.charter
        known = charter if charter is not None and not name.int else state
        version = 1 if known is None else known.version + 1
        event = Event(stream=name, version=version, at=str(self.time), body=body)
        position = len(self.states) + 1
        stored = encode(event, salt=position.to_bytes(32, "big"))
        self.auditor.add(position, stored)
        self.states.append(stored)
        self.time.ms += 1
        return event


def told(statements: int) -> list[bytes]:
    story = LongStory()
    story.found()
    story.announce(1)
    alice, bob = story.signer(1, "creator"), story.signer(2, "investor")
    story.register(alice, "Alice")
    story.register(bob, "Bob")
    for number, _ in zip(count(1), range(statements), strict=False):
        raw = story.draft(alice, number)
        story.sign(bob, bob.shared(raw), raw)
        story.sign(alice, alice.shared(raw), raw)
    return story.states


def audit(states: list[bytes]) -> None:
    auditor = Auditor()
    for position, state in enumerate(states, start=1):
        auditor.add(position, state)
    auditor.finish()


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.process_time()
    return run(), time.process_time() - begun


def main(statements: int) -> None:
    states = told(statements)
    _, whole = timed(lambda: audit(states))
    print(f"{len(states):,} events, audited in {whole:.2f} s")
    for mode in get_args(Mode):
        raw, made = timed(partial(bundle_of, states, mode))
        expected = [log_signer().key]
        check = partial(verify, raw, expected_keys=expected, now_ms=NOW_MS)
        report, verified = timed(check)
        assert report.verdict == "verified"
        print(
            f"{mode}: {len(raw):,} bytes, made in {made:.2f} s,"
            f" verified in {verified:.2f} s, {verified / whole:.2f} of the audit"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
