"""`ledger verify` and `ledger export` of bundles: what they say, write and end with."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from uuid import uuid4

import pytest

from ledger.__main__ import main
from ledger.cli import export_bundle
from ledger.tlog.vkeys import generate
from ledger.verify import container
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import wait_until_published
from tests.support.evidence import OF_MEMBERS, but_for_heads, exported, log_keys
from tests.support.server import Server
from tests.support.stored_tables import change, rows
from tests.support.web import serving


class Said:
    """What a command came to, run in this process: another one needs a second to import it all."""

    def __init__(self, server: Server, *arguments: str | Path) -> None:
        out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in server.settings.items():
                patch.setenv(name, value)
            self.code = main([*map(str, arguments)])
        self.out, self.err = (_written(each) for each in (out, err))
        assert "Traceback" not in self.err, self.err


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@pytest.fixture
def file(tmp_path: Path, alice: Actor, drafted: Drafted) -> Path:
    path = tmp_path / "evidence.zip"
    path.write_bytes(exported(alice, drafted.id))
    return path


def test_verify_says_what_it_checked_and_what_it_does_not_prove(
    server: Server, file: Path, drafted: Drafted
) -> None:
    said = Said(server, "verify", file, "--log-key", log_keys(server)[0].vkey)
    assert (said.code, said.err) == (0, "")
    numbered = re.findall(r"^([ \d]\d) ✓ (\w+) ", said.out, re.MULTILINE)
    assert [name for _, name in numbered] == [
        "readable", "content", "signatures", "attestations", "keys", "policy", "entries",
        "checkpoint", "ledger", "heads",
    ]  # fmt: skip
    assert "\nVerified.\n" in said.out
    assert "“Series A” is approved; approved by “Bob”, “Alice”." in said.out
    assert "It does not prove that what the statement says is true." in said.out


def test_verify_needs_a_key_from_elsewhere(server: Server, file: Path, tmp_path: Path) -> None:
    said = Said(server, "verify", file)
    assert said.code == 3
    assert "Consistent, but I do not know this ledger." in said.out
    ours, theirs = log_keys(server)[0].vkey, generate("other.example/1")[0].key.vkey
    said = Said(server, "verify", file, "--log-key", theirs)
    assert (said.code, "ledger_unexpected" in said.out) == (1, True)
    # One of several is enough, and a file of keys is as good as their text.
    assert Said(server, "verify", file, "--log-key", theirs, "--log-key", ours).code == 0
    keys = Said(server, "log", "keys", "--data", server.data).out
    (tmp_path / "keys").write_text(keys)
    assert Said(server, "verify", file, "--log-key", tmp_path / "keys").code == 0


def test_verify_reports_to_programs(server: Server, file: Path, drafted: Drafted) -> None:
    said = Said(server, "verify", file, "--json", "--log-key", log_keys(server)[0].vkey)
    report = json.loads(said.out)
    assert sorted(report) == [
        "asOf", "checks", "companions", "doesNotProve", "existence", "heads", "ledger", "logKeys",
        "mode", "requirements", "restorations", "root", "size", "statements", "verdict",
    ]  # fmt: skip
    assert (report["verdict"], report["mode"]) == ("verified", "statement")
    assert report["checks"][0] == {
        "name": "readable",
        "outcome": "passed",
        "says": report["checks"][0]["says"],
        "code": None,
        "position": None,
    }
    assert [each["decision"] for each in report["statements"][0]["decisions"]] == ["approval"] * 2
    assert report["statements"][0]["id"] == drafted.id


def test_verify_tells_what_was_tampered_with(server: Server, file: Path) -> None:
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b"investment", b"divestment", 1))
    said = Said(server, "verify", file, "--log-key", log_keys(server)[0].vkey)
    assert said.code == 1
    assert re.search(r"1 ✗ readable .* is damaged\. \(bundle_malformed\)", said.out)
    assert "\nInvalid: readable.\n" in said.out
    assert "does not prove" not in said.out
    assert "approved by" not in said.out


def test_verify_reads_a_directory_of_the_same_files(
    server: Server, file: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "unpacked"
    for name, content in container.parse(file.read_bytes()).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    key = log_keys(server)[0].vkey
    assert Said(server, "verify", directory, "--log-key", key).code == 0
    (directory / "README.txt").write_text("All is well.\n")
    said = Said(server, "verify", directory, "--log-key", key)
    assert (said.code, "README.txt" in said.out) == (1, True)
    (directory / "link").symlink_to("/etc/passwd")
    assert Said(server, "verify", directory).code == 2


def test_a_pending_statement_is_verified_and_not_approved(
    server: Server, alice: Actor, bob: Actor, tmp_path: Path
) -> None:
    statement = alice.draft(policy=policy_of(1, bob), title="Series A")
    path = tmp_path / "pending.zip"
    path.write_bytes(exported(alice, statement.id))
    said = Said(server, "verify", path, "--log-key", log_keys(server)[0].vkey)
    assert said.code == 4
    assert "“Series A” is pending; approved by nobody." in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "/nowhere/at/all.zip"),
        ("verify", "{file}", "--log-key", "nonsense"),
        ("verify", "{file}", "--log-key", "a+b+c"),
        ("verify", "http://127.0.0.1:1/x.zip"),
        ("export", "--format", "bundle"),
        ("export", "--format", "bundle", "not-an-id", "--data", "{data}"),
        ("export", "--format", "bundle", str(uuid4()), "--data", "{data}"),
        ("export", "--format", "bundle", str(uuid4()), "--data", "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    server: Server, file: Path, arguments: tuple[str, ...]
) -> None:
    said = Said(server, *(each.format(file=file, data=server.data) for each in arguments))
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("ledger")


def test_export_writes_what_the_server_answers(
    server: Server, alice: Actor, drafted: Drafted, tmp_path: Path
) -> None:
    wait_until_published(server)
    for mode in OF_MEMBERS:
        path = tmp_path / f"{mode}.zip"
        said = Said(
            server, "export", "--format", "bundle", "--mode", mode, "-o", path, drafted.id,
            "--data", server.data,
        )  # fmt: skip
        assert said.code == 0, said.err
        assert but_for_heads(path.read_bytes()) == but_for_heads(exported(alice, drafted.id, mode))
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        f"{m}.zip" for m in OF_MEMBERS
    )


def test_an_export_that_fails_leaves_what_was_there(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "old.zip"
    path.write_bytes(b"old")
    unknown = str(uuid4())
    for output in (path, tmp_path / "new.zip", "/dev/null"):
        said = Said(
            server, "export", "--format", "bundle", unknown, "-o", output, "--data", server.data
        )
        assert (said.code, "statement_unknown" in said.err) == (2, True)
    assert [each.name for each in tmp_path.iterdir()] == ["old.zip"]
    assert path.read_bytes() == b"old"


def test_an_export_goes_to_standard_output(server: Server, alice: Actor, drafted: Drafted) -> None:
    wait_until_published(server)
    command = [sys.executable, "-m", "ledger", "export", "--format", "bundle", drafted.id]
    done = subprocess.run(
        [*command, "--data", server.data], env=server.environment(), capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == exported(alice, drafted.id, "redacted")  # the mode to hand over


def test_a_large_bundle_is_written_as_it_is_read(
    server: Server, drafted: Drafted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until_published(server)
    whole, streamed = tmp_path / "whole.zip", tmp_path / "streamed.zip"
    command = ("export", "--format", "bundle", drafted.id, "--data", server.data, "-o")
    said = Said(server, *command, whole)
    assert (said.code, said.err) == (0, "")
    monkeypatch.setattr(export_bundle, "MOST_VERIFIED_BYTES", whole.stat().st_size - 1)
    monkeypatch.setattr(export_bundle, "verified_bundle", None)  # it needs all of it in memory
    said = Said(server, *command, streamed)
    assert (said.code, "run `ledger verify`" in said.err) == (0, True)
    assert streamed.read_bytes() == whole.read_bytes()


def test_a_log_that_contradicts_itself_is_not_exported(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server()
    with server.client() as client:
        actor = Actor(client, "Alice", server.origin).register("creator")
        drafted = actor.draft(policy=policy_of(1, actor))
        exported(actor, drafted.id)
        server.stop()
        saved = rows(server, "SELECT * FROM tile")
        change(server, "DELETE FROM tile")
        command = ("export", "--format", "bundle", drafted.id, "--data", server.data)
        said = Said(server, *command, "-o", tmp_path / "x.zip")
        assert (said.code, "tile_missing" in said.err) == (1, True)
        assert not (tmp_path / "x.zip").exists()
        change(server, "INSERT INTO tile VALUES(?,?,?)", *saved)
        server.start()


def test_what_is_not_published_yet_is_not_exported(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with server.client() as client:
        actor = Actor(client, "Alice", server.origin).register("creator")
        drafted = actor.draft(policy=policy_of(1, actor))
        exported(actor, drafted.id)
        server.stop()
        change(server, "DELETE FROM checkpoint WHERE size >= ?", (drafted.answer["position"],))
        said = Said(server, "export", "--format", "bundle", drafted.id, "--data", server.data)
        assert (said.code, "not_yet" in said.err) == (5, True), said.err
        server.start()


def test_verify_reads_the_public_log_of_a_server(server: Server, drafted: Drafted) -> None:
    prefix = f"{server.origin}/log/"
    wait_until_published(server)
    said = Said(server, "verify", prefix, "--log-key", log_keys(server)[0].vkey, "--json")
    report = json.loads(said.out)
    assert (said.code, report["verdict"], report["mode"]) == (0, "verified", "log")
    assert [check["name"] for check in report["checks"]] == [
        "readable", "entries", "checkpoint", "ledger",
    ]  # fmt: skip
    assert report["size"] >= drafted.answer["position"]
    assert Said(server, "verify", prefix).code == 3
    other = generate("other.example/1")[0].key.vkey
    assert Said(server, "verify", prefix, "--log-key", other).code == 1


def test_verify_reads_a_bundle_at_an_address(server: Server, file: Path) -> None:
    with serving(file.parent) as origin:
        key = log_keys(server)[0].vkey
        assert Said(server, "verify", f"{origin}/{file.name}", "--log-key", key).code == 0
        said = Said(server, "verify", f"{origin}/other.zip")
        assert (said.code, "404 Not Found" in said.err) == (2, True)
