"""A call is begun once by those who share its directory, also after another one ended it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any, cast

import pytest

from ledger.client.answers import UseReceipt
from ledger.client.approved_call import ApprovedCall
from ledger.client.async_reader import new_nonce
from ledger.client.drafts import AskedStatement, document_of
from ledger.client.kept_use import KeptUse, keep_use, kept_use, use_once
from ledger.client.ledger_client import LedgerClient
from ledger.encoding import sha256_hex
from ledger.errors import ConflictError, LedgerError, UnavailableError
from ledger.system import private_files

ROBOT = "2c3a4b5e-0000-4000-8000-000000000001"
CAROL = "2c3a4b5e-0000-4000-8000-000000000002"


class Ledger:
    """A ledger that gives one receipt for each nonce, and as many as it is asked for."""

    ledger = "ledger.example"

    def __init__(self) -> None:
        self.nonces: list[str] = []
        self.outcomes: list[str] = []
        self.is_down = False

    def use(self, statement: str, _sha256: str, nonce: str, _reference: str | None) -> UseReceipt:
        if nonce not in self.nonces:
            self.nonces.append(nonce)
        number = self.nonces.index(nonce) + 1
        return UseReceipt(statement_id=statement, position=number, number=number, generation=1)

    def report(self, _use: UseReceipt, _sha256: str, outcome: str, _reason: str | None) -> None:
        if self.is_down:
            raise UnavailableError("peer_unreachable", "down")
        self.outcomes.append(outcome)


def document() -> bytes:
    asked = AskedStatement(
        title="Run deploy",
        content="{}",
        policy={"threshold": 1, "of": [f"user:{CAROL}"], "creatorMaySign": False},
        usable={"by": [f"user:{ROBOT}"], "times": 2},
    )
    return document_of(asked, creator=ROBOT, ledger="ledger.example")


def client_of(ledger: Ledger) -> LedgerClient:
    return cast(LedgerClient, ledger)


def test_of_two_threads_with_one_call_only_one_runs_the_function(tmp_path: Path) -> None:
    for _ in range(20):
        ledger, raw, ran, both = Ledger(), document(), list[int](), Barrier(2)

        def run(
            number: int, ledger: Ledger = ledger, raw: bytes = raw, ran: Any = ran, both: Any = both
        ) -> str:
            call = ApprovedCall(tmp_path, raw)
            both.wait()
            try:
                call.begin(client_of(ledger))
            except ConflictError as error:
                return error.code
            ran.append(number)
            call.end(client_of(ledger), "done")
            return "ran"

        with ThreadPoolExecutor(2) as pool:
            said = sorted(pool.map(run, range(2)))
        assert len(ran) == 1, said
        assert "ran" in said


def test_a_thread_whose_file_another_one_took_over_leaves_it_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, raw, publish = Ledger(), document(), private_files.publish
    first = ApprovedCall(tmp_path, raw)

    def overtaken(path: Path, content: bytes) -> None:
        monkeypatch.setattr(private_files, "publish", publish)
        publish(path, content)
        first.begin(client_of(ledger))

    monkeypatch.setattr(private_files, "publish", overtaken)
    with pytest.raises(ConflictError, match="used_up"):
        ApprovedCall(tmp_path, raw).begin(client_of(ledger))
    first.end(client_of(ledger), "done")
    assert ledger.outcomes == ["done"]


def test_a_thread_that_has_its_receipt_when_another_ends_the_call_does_not_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, raw, waits, goes_on = Ledger(), document(), Event(), Event()

    def slow(*about: Any, **more: Any) -> KeptUse:
        used = use_once(*about, **more)
        waits.set()
        goes_on.wait(30)
        return used

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
        patch.setattr("ledger.client.approved_call.use_once", slow)
        late = pool.submit(ApprovedCall(tmp_path, raw).begin, client_of(ledger))
        assert waits.wait(30)
        patch.setattr("ledger.client.approved_call.use_once", use_once)
        call = ApprovedCall(tmp_path, raw)
        call.begin(client_of(ledger))
        call.end(client_of(ledger), "done")
        goes_on.set()
        with pytest.raises(ConflictError, match="used_up"):
            late.result(30)
    assert (len(ledger.nonces), ledger.outcomes) == (1, ["done"])


def test_a_thread_that_comes_late_spends_no_further_use_of_a_statement_that_has_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, raw, waits, goes_on = Ledger(), document(), Event(), Event()

    def late(*about: Any, **more: Any) -> KeptUse:
        waits.set()  # it saw no mark, and has not asked the ledger yet
        goes_on.wait(30)
        return use_once(*about, **more)

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
        patch.setattr("ledger.client.approved_call.use_once", late)
        other = pool.submit(ApprovedCall(tmp_path, raw).begin, client_of(ledger))
        assert waits.wait(30)
        patch.setattr("ledger.client.approved_call.use_once", use_once)
        call = ApprovedCall(tmp_path, raw)
        call.begin(client_of(ledger))
        call.end(client_of(ledger), "done")
        goes_on.set()
        with pytest.raises(ConflictError, match="used_up"):
            other.result(30)
    assert (len(ledger.nonces), ledger.outcomes) == (1, ["done"])
    assert [each.suffix for each in tmp_path.iterdir()] == [".begun"]


def test_two_that_come_late_spend_no_further_use_either(tmp_path: Path) -> None:
    ledger, raw = Ledger(), document()
    call = ApprovedCall(tmp_path, raw)
    call.begin(client_of(ledger))
    call.end(client_of(ledger), "done")
    # The file of the first that comes late; it has not looked for the mark yet.
    client, path = client_of(ledger), tmp_path / f"{call.statement}.use.json"
    digest = sha256_hex(raw)
    keep_use(path, KeptUse(client.ledger, call.statement, digest, new_nonce()))
    mark = tmp_path / f"{call.statement}.begun"
    with pytest.raises(ConflictError, match="used_up"):
        use_once(client, path, call.statement, digest, begun=mark)
    assert len(ledger.nonces) == 1


def test_a_call_that_is_over_is_not_begun_again_and_another_statement_is(tmp_path: Path) -> None:
    ledger, raw = Ledger(), document()
    call = ApprovedCall(tmp_path, raw)
    call.begin(client_of(ledger))
    with pytest.raises(ConflictError, match="outcome_unknown"):
        ApprovedCall(tmp_path, raw).begin(client_of(ledger))
    ledger.is_down = True
    call.end(client_of(ledger), "done")
    with pytest.raises(ConflictError, match="outcome_known"):
        ApprovedCall(tmp_path, raw).begin(client_of(ledger))
    ledger.is_down = False
    assert call.settle(client_of(ledger))  # the report that was not taken is still made
    assert ledger.outcomes == ["done"]
    for again in (ApprovedCall(tmp_path, raw), call):
        with pytest.raises(ConflictError, match="used_up"):
            again.begin(client_of(ledger))
    with pytest.raises(ConflictError, match="outcome_known"):
        call.report(client_of(ledger), "not-done", None)
    assert len(ledger.nonces) == 1  # although the statement allows two
    other = ApprovedCall(tmp_path, document())
    other.begin(client_of(ledger))
    other.end(client_of(ledger), "done")
    assert ledger.outcomes == ["done", "done"]


def test_a_call_that_is_over_leaves_the_document_of_a_later_one(tmp_path: Path) -> None:
    kept = tmp_path / "call.json"
    first = document()
    kept.write_bytes(first)
    call = ApprovedCall(tmp_path, first, kept)
    later = document()
    kept.write_bytes(later)
    call.forget()
    assert kept.read_bytes() == later


def test_a_use_is_asked_for_again_with_its_nonce_and_gets_the_same_receipt(tmp_path: Path) -> None:
    ledger, path, about = Ledger(), tmp_path / "use.json", (CAROL, "0" * 64)
    used = use_once(client_of(ledger), path, *about)
    assert use_once(client_of(ledger), path, *about) == used
    assert ledger.nonces == [used.nonce]
    assert used.receipt is not None
    ledger.nonces.insert(0, "another")  # the ledger has another number for it now
    with pytest.raises(ConflictError, match="use_kept"):
        use_once(client_of(ledger), path, *about)


@pytest.mark.parametrize("stage", ["done", "reported"])
def test_a_use_whose_outcome_is_known_is_not_given_again(tmp_path: Path, stage: Any) -> None:
    ledger, path, about = Ledger(), tmp_path / "use.json", (CAROL, "0" * 64)
    used = use_once(client_of(ledger), path, *about)
    keep_use(
        path,
        KeptUse(
            **{name: getattr(used, name) for name in used.__struct_fields__} | {"stage": stage}
        ),
    )
    with pytest.raises(LedgerError, match="outcome_known"):
        use_once(client_of(ledger), path, *about)
    assert kept_use(path).stage == stage
