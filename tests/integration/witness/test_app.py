"""The witness over HTTP: what it cosigns, what it refuses, and what a crash cannot make it sign."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ledger.data_files import WITNESS_KEYS_FILE, WITNESS_STATE_FILE
from ledger.errors import ConflictError, LedgerError, MalformedError, NotFoundError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint, parse_lines, parse_note, verify_lines, verify_note
from ledger.tlog.submission import Submission
from ledger.witness import state
from ledger.witness.app import MAX_BODY_BYTES
from ledger.witness.state import WitnessState
from tests.support.server import TLS
from tests.support.trees import NOW_S, Tree
from tests.support.witnesses import WitnessServer

ORIGIN = "ledger.example.com/a"
SIGNERS = vkeys.generate(ORIGIN)
VKEYS = [signer.key.vkey for signer in SIGNERS]
OTHER = vkeys.generate("ledger.example.com/b")
LEAVES = b"".join(bytes([n]) * 32 for n in range(250))
TREE = Tree(ORIGIN, LEAVES, SIGNERS)
FORK = Tree(ORIGIN, LEAVES[: 32 * 8] + b"f" * 32 + LEAVES[32 * 9 :], SIGNERS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WitnessServer]:
    server = WitnessServer(tmp_path / "witness")
    server.start(*VKEYS, OTHER[0].key.vkey)
    yield server
    server.kill()


def submit(client: httpx.Client, submission: Submission | bytes) -> httpx.Response:
    raw = submission if isinstance(submission, bytes) else submission.to_bytes()
    return client.post("/add-checkpoint", content=raw)


def latest(client: httpx.Client, origin: str = ORIGIN) -> httpx.Response:
    return client.get(f"/{sha256(origin.encode()).hexdigest()}/checkpoint")


def test_a_log_that_grows_is_cosigned_by_both_keys(
    server: WitnessServer, client: httpx.Client
) -> None:
    assert latest(client).status_code == 404
    for old, new in ((0, 3), (3, 8), (8, 8), (8, 200)):
        answer = submit(client, TREE.submit(old, new))
        assert answer.status_code == 200, answer.text
        lines = verify_lines(TREE.at(new), parse_lines(answer.content), server.keys)
        assert [key for key, _, _ in lines] == server.keys
        assert all(time is not None and time > NOW_S for _, _, time in lines)
        newest = latest(client)
        assert newest.headers["content-type"] == "text/plain; charset=utf-8"
        keys = [signer.key for signer in SIGNERS] + server.keys
        found = verify_note(newest.content, keys, expected_origin=ORIGIN)
        assert (found.checkpoint, [*found.signers]) == (TREE.at(new), keys)
        assert newest.content.endswith(answer.content)


def test_a_log_begins_anywhere(client: httpx.Client) -> None:
    assert submit(client, TREE.submit(0, 200)).status_code == 200
    empty = Tree("ledger.example.com/b", b"", OTHER)
    assert submit(client, empty.submit(0, 0)).status_code == 200


def test_each_refusal_has_the_status_of_the_specification(client: httpx.Client) -> None:
    assert submit(client, TREE.submit(0, 12)).status_code == 200
    stranger = checkpoint.sign(TREE.at(20), vkeys.generate(ORIGIN), now_s=NOW_S)
    unknown = Tree("ledger.example.com/c", LEAVES, vkeys.generate("ledger.example.com/c"))
    bad = TREE.note(19).partition(b"\n\n")[2]
    for submission, status in (
        (b"", 400),
        (b"old 12\n\nnonsense", 400),
        (b"old x\n\n" + TREE.note(20), 400),
        (TREE.submit(21, 20), 400),
        (TREE.submit(12, 20, note=stranger), 403),
        (TREE.submit(12, 20, note=f"{TREE.at(20).text()}\n".encode() + bad), 403),
        (unknown.submit(0, 20), 404),
        (FORK.submit(12, 12), 422),
        (FORK.submit(12, 20), 422),
        (TREE.submit(12, 20, proof=()), 422),
        (b"x" * (MAX_BODY_BYTES + 1), 413),
    ):
        answer = submit(client, submission)
        assert answer.status_code == status, answer.text
        assert answer.json()["status"] == status
    assert parse_note(latest(client).content).checkpoint == TREE.at(12)


def test_a_wrong_old_size_is_answered_with_the_right_one(client: httpx.Client) -> None:
    submit(client, TREE.submit(0, 12))
    for submission in (TREE.submit(0, 20), TREE.submit(5, 20), TREE.submit(5, 5)):
        answer = submit(client, submission)
        assert (answer.status_code, answer.content) == (409, b"12\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


def test_what_strangers_add_to_a_checkpoint_is_not_handed_on(
    server: WitnessServer, client: httpx.Client
) -> None:
    junk = checkpoint.sign_lines(TREE.at(5), vkeys.generate("spam.example"), now_s=NOW_S)
    assert submit(client, TREE.submit(0, 5, note=TREE.note(5) + junk)).status_code == 200
    names = {line.name for line in parse_note(latest(client).content).signatures}
    assert names == {ORIGIN, server.name}


def test_nothing_else_is_served(client: httpx.Client) -> None:
    assert client.get("/add-checkpoint").status_code == 405
    assert client.get("/").status_code == 404
    assert client.head(f"/{'a' * 64}/checkpoint").status_code == 404
    answer = client.options("/add-checkpoint")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.get(f"/{'A' * 64}/checkpoint").status_code == 404
    assert client.get(f"/{'a' * 64}/checkpoint").status_code == 404
    assert client.post(f"/{'a' * 64}/checkpoint").status_code == 405


# --- crashes and races -------------------------------------------------------------------------


class Log(threading.Thread):
    """One of two logs of the same keys that fork at 8, submitting as fast as it is answered."""

    def __init__(self, url: str, tree: Tree) -> None:
        super().__init__()
        self.tree = tree
        self.url = url
        self.cosigned: list[tuple[Checkpoint, bytes]] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        old, new = 0, 9
        with httpx.Client(base_url=self.url, timeout=10, verify=TLS) as client:
            while not self.is_over.is_set():
                try:
                    answer = submit(client, self.tree.submit(old, new))
                except httpx.HTTPError:
                    continue  # killed in the middle, or not there yet
                if answer.status_code == 200:
                    self.cosigned.append((self.tree.at(new), answer.content))
                    old, new = new, min(new + 1, 250)
                elif answer.status_code == 409:
                    old = int(answer.text)
                    new = min(max(old + 1, 9), 250)


def test_a_witness_killed_again_and_again_never_cosigns_two_histories(
    tmp_path: Path,
) -> None:
    server = WitnessServer(tmp_path / "witness")
    logs = [Log(server.url, TREE), Log(server.url, FORK)]
    server.start(*VKEYS)
    for log in logs:
        log.start()
    try:
        for _ in range(6):
            count = sum(len(log.cosigned) for log in logs)
            while sum(len(log.cosigned) for log in logs) < count + 5:
                assert all(log.is_alive() for log in logs)
            server.kill()
            server.start(*VKEYS)
    finally:
        for log in logs:
            log.is_over.set()
        for log in logs:
            log.join()
        server.kill()
    cosigned = [each for log in logs for each in log.cosigned]
    roots: dict[int, bytes] = {}
    for point, lines in cosigned:
        assert len(verify_lines(point, parse_lines(lines), server.keys)) == 2
        assert roots.setdefault(point.size, point.root) == point.root
    assert len(roots) > 20
    assert not all(log.cosigned for log in logs)
    opened = WitnessState(server.data)
    stored = parse_note(opened.latest(sha256(ORIGIN.encode()).hexdigest())).checkpoint
    opened.close()
    assert stored.size >= max(roots)


def test_two_processes_on_one_state_sign_one_history(tmp_path: Path) -> None:
    state.create(tmp_path, "w")
    keys = [signer.key for signer in SIGNERS]
    both = [WitnessState(tmp_path, keys) for _ in range(2)]
    signed: list[Checkpoint] = []

    def race(opened: WitnessState, tree: Tree) -> None:
        known, new = 0, 9
        while new <= 60:
            try:
                opened.add(tree.submit(known, new).to_bytes(), now_s=NOW_S)
                signed.append(tree.at(new))
                known, new = new, new + 1
            except ConflictError as error:
                known = int(str(error.evidence["size"]))
                new = max(known + 1, 9)
            except LedgerError:
                return

    threads = [
        threading.Thread(target=race, args=(opened, tree))
        for opened, tree in zip(both, (TREE, FORK), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for opened in both:
        opened.close()
    assert len(signed) >= 52
    assert len({point.root for point in signed}) == len({point.size for point in signed})


# --- the directory -----------------------------------------------------------------------------


def test_a_witness_is_made_once_and_keeps_its_keys(tmp_path: Path) -> None:
    state.create(tmp_path / "w", "witness.example.com/1")
    keys = (tmp_path / "w" / WITNESS_KEYS_FILE).read_bytes()
    state.create(tmp_path / "w", "witness.example.com/1")
    assert (tmp_path / "w" / WITNESS_KEYS_FILE).read_bytes() == keys
    for name in (WITNESS_KEYS_FILE, WITNESS_STATE_FILE):
        assert (tmp_path / "w" / name).stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError) as known:
        state.create(tmp_path / "w", "another")
    assert known.value.code == "witness_known"


def test_keys_whose_state_is_gone_do_not_sign_again(tmp_path: Path) -> None:
    state.create(tmp_path, "w")
    (tmp_path / WITNESS_STATE_FILE).unlink()
    for use in (lambda: WitnessState(tmp_path), lambda: state.create(tmp_path, "w")):
        with pytest.raises(ConflictError) as refused:
            use()
        assert refused.value.code == "witness_state_missing"
    assert not (tmp_path / WITNESS_STATE_FILE).exists()


def test_a_witness_that_died_while_it_was_made_is_finished(tmp_path: Path) -> None:
    state.create(tmp_path, "w")
    (tmp_path / WITNESS_KEYS_FILE).unlink()
    with pytest.raises(NotFoundError):
        WitnessState(tmp_path)
    state.create(tmp_path, "w")
    WitnessState(tmp_path).close()


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a" * 256, "a\n"])
def test_a_name_that_cannot_stand_in_a_note_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MalformedError) as refused:
        state.create(tmp_path, name)
    assert refused.value.code == "witness_name_invalid"
    assert not [*tmp_path.iterdir()]


def ledger_witness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ledger", "witness", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_the_command_line_makes_a_witness_and_prints_its_vkeys(tmp_path: Path) -> None:
    data = str(tmp_path / "w")
    missing = ledger_witness("keys", "--data", data)
    assert missing.returncode == 2
    assert "witness_unknown" in missing.stderr
    made = ledger_witness("keys", "--data", data, "--name", "witness.example.com/1")
    assert made.returncode == 0, made.stderr
    again = ledger_witness("keys", "--data", data)
    assert again.stdout == made.stdout
    opened = WitnessState(tmp_path / "w")
    assert made.stdout.split() == [signer.key.vkey for signer in opened.signers]
    opened.close()
    for vkey in (made.stdout.split()[0], "nonsense"):
        refused = ledger_witness("serve", "--data", data, "--log", vkey)
        assert refused.returncode == 2
        assert "vkey_invalid" in refused.stderr
