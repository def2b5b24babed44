"""Witnesses that lie, stumble or hang: what the ledger makes of their answers."""

import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import ConflictError, LedgerError, MalformedError, RefusedError, UnavailableError
from ledger.publish.conflicts import Conflicts
from ledger.publish.served import ServedCheckpoint
from ledger.publish.witness_client import WitnessClient
from ledger.publish.witness_rounds import WitnessRounds
from ledger.store.ports.tree import Published
from ledger.system.http_client import HttpClient
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import MAX_NOTE_BYTES
from ledger.tlog.submission import SIZE_TYPE, parse_submission
from ledger.tlog.witness_policy import Witness, parse_policy
from tests.support.logs import Ledger, opened, settings_of
from tests.support.strangers import Reply, Script, stranger
from tests.support.trees import NOW_S, Tree

ORIGIN = "ledger.example.com/a"
SIGNERS = vkeys.generate(ORIGIN)
WITNESS, ML_WITNESS = vkeys.generate("w.example.com", cosigner=True)
LEAVES = b"".join(bytes([n]) * 32 for n in range(20))
TREE = Tree(ORIGIN, LEAVES, SIGNERS)
POINT = TREE.at(20)
PUBLISHED = Published(20, POINT.root, TREE.note(20), "2026-11-21T03:04:05.678Z")
LINE = checkpoint.sign_lines(POINT, [WITNESS], now_s=NOW_S)


def size(value: object, media_type: str = SIZE_TYPE) -> Reply:
    return Reply(409, f"{value}\n".encode(), media_type)


def client_of(url: str, known: int = 0) -> WitnessClient:
    return WitnessClient(Witness("w", WITNESS.key, url), url, known=known)


def asked(script: Script, known: int = 0) -> bytes:
    with stranger(script) as url, closing(client_of(url, known)) as client:
        return client.cosign(PUBLISHED, ORIGIN, TREE.prover.consistency)


def always(reply: Reply) -> Script:
    return lambda *_: reply


def test_the_configured_keys_line_is_kept_and_no_other() -> None:
    both = checkpoint.sign_lines(POINT, [ML_WITNESS, WITNESS], now_s=NOW_S)
    assert asked(always(Reply(200, both))) == LINE


def test_the_proof_begins_at_the_size_that_the_witness_knows() -> None:
    seen: list[tuple[int, int]] = []

    def script(_: str, path: str, body: bytes) -> Reply:
        submission = parse_submission(body)
        assert path == "/add-checkpoint"
        seen.append((submission.old, len(submission.proof)))
        return Reply(200, LINE) if submission.old == 7 else size(7)

    assert asked(script) == LINE
    assert asked(script, known=12) == LINE
    assert asked(script, known=7) == LINE
    assert [old for old, _ in seen] == [0, 7, 12, 7, 7]
    assert seen[0] == (0, 0)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(400), "witness_refuses"),
        (Reply(403), "witness_refuses"),
        (Reply(404), "witness_refuses"),
        (Reply(422), "witness_sees_fork"),
        (Reply(429), "peer_unreachable"),
        (Reply(500), "peer_unreachable"),
        (Reply(301), "peer_unreachable"),
        (size(21), "witness_ahead"),
        (size(2**53 - 1), "witness_ahead"),
        (size(7), "contended"),
        (size(2**53), "witness_refuses"),
        (size("-1"), "witness_refuses"),
        (size("07"), "witness_refuses"),
        (size("7 "), "witness_refuses"),
        (size("7", "text/plain"), "witness_refuses"),
        (Reply(409, b"7", SIZE_TYPE), "witness_refuses"),
        (Reply(409, b"\xff\n", SIZE_TYPE), "witness_refuses"),
        (Reply(409, b"", SIZE_TYPE), "witness_refuses"),
        (Reply(200), "witness_refuses"),
        (Reply(200, b"nonsense"), "witness_refuses"),
        (Reply(200, b"\xff\n"), "witness_refuses"),
        (Reply(200, LINE[:-1]), "witness_refuses"),
        (Reply(200, TREE.note(20)), "witness_refuses"),
        (
            Reply(200, checkpoint.sign_lines(TREE.at(19), [WITNESS], now_s=NOW_S)),
            "witness_refuses",
        ),
        (Reply(200, checkpoint.sign_lines(POINT, [ML_WITNESS], now_s=NOW_S)), "witness_refuses"),
        (Reply(200, checkpoint.sign_lines(POINT, [WITNESS], now_s=0)), "witness_refuses"),
        (Reply(200, LINE + b"x" * MAX_NOTE_BYTES), "peer_unreachable"),
    ],
)
def test_no_other_answer_is_a_cosignature(reply: Reply, code: str) -> None:
    with pytest.raises(LedgerError) as refused:
        asked(always(reply))
    assert refused.value.code == code
    expected: dict[str, type[LedgerError]] = {
        "witness_ahead": ConflictError,
        "witness_refuses": RefusedError,
        "witness_sees_fork": RefusedError,
    }
    assert type(refused.value) is expected.get(code, UnavailableError)


def test_a_redirect_is_not_followed() -> None:
    paths: list[str] = []

    def script(_: str, path: str, body: bytes) -> Reply:
        paths.append(path)
        return Reply(307, b"", "text/plain")

    with pytest.raises(UnavailableError):
        asked(script)
    assert paths == ["/add-checkpoint"]


def test_a_witness_under_a_path_is_asked_there() -> None:
    paths: list[str] = []

    def script(_: str, path: str, body: bytes) -> Reply:
        paths.append(path)
        return Reply(200, LINE)

    with stranger(script) as url:
        for prefix in ("/a/w1", "/a/w1/"):
            with closing(client_of(url + prefix)) as client:
                client.cosign(PUBLISHED, ORIGIN, TREE.prover.consistency)
    assert paths == ["/a/w1/add-checkpoint"] * 2


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    with stranger(always(Reply(200, LINE))) as url, closing(client_of(url)) as client:
        client.cosign(PUBLISHED, ORIGIN, TREE.prover.consistency)
        assert client._client._bounded is not None
        client._client._bounded.cut_off()
        client.cosign(PUBLISHED, ORIGIN, TREE.prover.consistency)


def test_silence_ends_after_a_while() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UnavailableError) as refused:
            HttpClient(url, max_bytes=10, silence_s=0.1).get("/")
        assert refused.value.code == "peer_unreachable"


@pytest.mark.parametrize("host", ["127.0.0.1:1", "a..b", f"{'a' * 64}.invalid", "[::1]:1"])
def test_whom_nobody_can_reach_is_said_to_be_unreachable(host: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        HttpClient(f"http://{host}/", max_bytes=10, silence_s=5).get("/")
    assert refused.value.code == "peer_unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "http://",
        "http:///path",
        "http://a:b@example.com",
        "http://example.com/?q",
        "http://example.com/#f",
        "http://example.com:x",
        "http://example.com:99999",
        "http://[::1",
        "http://exämple.com",
        "http://example.com/\r\nX: y",
        "http://example.com/a b",
    ],
)
def test_an_address_is_a_plain_one(url: str) -> None:
    with pytest.raises(MalformedError) as refused:
        HttpClient(url, max_bytes=10)
    assert refused.value.code == "url_invalid"


# --- what is stored ----------------------------------------------------------------------------


def test_cosignatures_cannot_be_changed_or_removed_and_count_once(tmp_path: Path) -> None:
    with (
        opened(settings_of(tmp_path)) as ledger,
        closing(ledger.store.endorsements()) as endorsements,
    ):
        newest = ledger.publication().catch_up()
        published = ledger.tree.latest()
        assert published is not None
        for line in (LINE, b"another"):
            endorsements.cosign(newest, WITNESS.key, line)
        assert endorsements.note(published) == published.note + LINE
        assert endorsements.cosigned_by(WITNESS.key) == newest
        assert endorsements.cosigned_by(ML_WITNESS.key) == 0
        for sql in (
            "UPDATE cosignature SET line = x''",
            "DELETE FROM cosignature",
            "INSERT OR REPLACE INTO cosignature SELECT * FROM cosignature",
            "INSERT OR REPLACE INTO cosignature SELECT 9, size, witness, line FROM cosignature",
        ):
            with (
                sqlite3.connect(Path(ledger.store.address)) as db,
                pytest.raises(sqlite3.IntegrityError, match="append-only"),
            ):
                db.execute(sql)
            db.close()


def test_a_witness_that_hangs_holds_up_neither_the_others_nor_the_end(tmp_path: Path) -> None:
    with (
        socket.socket() as listener,
        opened(settings_of(tmp_path)) as ledger,
        closing(ledger.store.endorsements()) as endorsements,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ledger.publication().catch_up()

        def cosign(_: str, __: str, body: bytes) -> Reply:
            note = checkpoint.parse_note(parse_submission(body).note)
            return Reply(200, checkpoint.sign_lines(note.checkpoint, [WITNESS], now_s=NOW_S))

        with stranger(cosign) as url:
            lines = [
                f"witness good {WITNESS.key.vkey} {url}\n",
                f"witness slow {ML_WITNESS.key.vkey} "
                f"http://127.0.0.1:{listener.getsockname()[1]}\n",
                "quorum good\n",
            ]
            quorum = ServedCheckpoint(
                parse_policy("".join(lines).encode()),
                endorsements,
                wait_s=600,
                now_ms=ledger.writer.now_ms,
            )
            witnesses = WitnessRounds(
                quorum,
                ledger.tree,
                endorsements,
                keys=ledger.keys,
                conflicts=Conflicts(tmp_path, ledger.memory, lambda: None),
                now_ms=ledger.writer.now_ms,
            )
            witnesses.start()
            try:
                for size in (2, 10, 20):
                    ledger.fill(size)
                    ledger.publication().catch_up()
                    witnesses.wake()
                    until_shown(quorum, ledger, size)
            finally:
                witnesses.stop()


def until_shown(quorum: ServedCheckpoint, ledger: Ledger, size: int) -> None:
    deadline = time.monotonic() + 20
    while (served := quorum.served(ledger.tree)) is None or served.size < size:
        assert time.monotonic() < deadline
        time.sleep(0.001)
