"""Uses of a statement through commands, for tests with processes of their own."""

import hashlib
import json
from typing import Any

from tests.support.keys import TestKey
from tests.support.ledgers import Cast, Process
from tests.support.scene import user


async def use_and_report(cast: Cast, process: Process, key: TestKey, until: str) -> None:
    """Let Bob use a statement with a key, report it as not done, and let Alice confirm that."""
    policy = {"threshold": 1, "of": [user(cast.alice)]}
    usable = {"by": [user(cast.bob)], "times": 1, "until": until}
    raw = await process.draft(cast.alice, policy=policy, usable=usable)
    statement_id = str(json.loads(raw)["statementId"])
    about: dict[str, Any] = {
        "statementId": statement_id,
        "sha256": hashlib.sha256(raw).hexdigest(),
    }
    await process.commands.sign(statement_id, cast.alice.shared(raw), None)
    act = cast.bob.act("use", key=key, **about, nonce="n" * 22)
    await process.commands.use(statement_id, act)
    outcome: dict[str, Any] = {"number": 1, "generation": 1, "outcome": "not-done"}
    await process.commands.report(
        statement_id, cast.bob.act("outcome", key=key, **about, **outcome), None
    )
    act = cast.alice.act("outcome", **about, **outcome)
    await process.commands.report(statement_id, act, cast.alice.confirm(act))
