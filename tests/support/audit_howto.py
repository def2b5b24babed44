"""The commands of docs/how-to/audit.md with their output: `python -m tests.support.audit_howto`.

Each block of the page that begins with `$ ledger` shows what the command prints on the ledger of
`told`, which is the same in every run.
"""

import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.__main__ import main
from tests.support.chronicle import Chronicle
from tests.support.kept_log import keep

PAGE = Path(__file__).parents[2] / "docs/how-to/audit.md"
BLOCK = re.compile(r"(?<=```console\n)\$ (?P<command>ledger .*)\n(?P<output>(?:.*\n)*?)(?=```)")


def told() -> Chronicle:
    """Return a small company: a loan is approved, one is rejected, and two people leave."""
    story = Chronicle()
    story.found()
    dave, alice = story.signer(1, "administrator"), story.signer(2, "creator")
    bob, carol = story.signer(3, "investor"), story.signer(4, "investor")
    story.register(dave, "Dave", "setup")
    for who, name in ((alice, "Alice"), (bob, "Bob"), (carol, "Carol")):
        story.register(who, name)
    loan = story.draft(alice, 1, title="Loan to Harbour Ltd", policy=_two(bob.user, carol.user))
    story.sign(bob, bob.shared(loan), loan)
    story.sign(carol, carol.shared(loan), loan)
    since = str(story.time)
    second = story.draft(alice, 2, title="Loan to Quay Ltd", policy=_two(bob.user, carol.user))
    story.sign(carol, carol.shared(second), second)
    story.reject(bob, second)
    story.revoke(carol, carol.key.kid, compromisedSince=since)
    granted = {"grant-role": {"user": alice.user, "role": "legal"}}
    story.change(dave, 101, {"define-role": {"role": "legal"}}, granted)
    story.change(dave, 102, {"deactivate": {"user": bob.user}})
    story.auditor.finish()
    return story


def _two(*people: str) -> dict[str, object]:
    return {"threshold": 2, "of": [f"user:{each}" for each in people]}


def printed(command: str, data: Path) -> str:
    """Return what a command prints about the ledger in a directory."""
    out = io.StringIO()
    with redirect_stdout(out):
        main([*shlex.split(command)[1:], f"--data={data}"])
    return out.getvalue()


def rendered(page: str) -> str:
    """Return the page with what each command prints."""
    with TemporaryDirectory() as name:
        keep(told(), Path(name) / "log.sqlite")

        def block(found: re.Match[str]) -> str:
            return f"$ {found['command']}\n{printed(found['command'], Path(name))}"

        return BLOCK.sub(block, page)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text()))
