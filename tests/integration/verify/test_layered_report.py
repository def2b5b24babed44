"""A report in layers names what it rests on, and never says that a key was not revoked."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ledger import __version__
from ledger.cli import verify
from ledger.cli.main import make_parser
from ledger.encoding import jcs
from ledger.verify.container import parse
from tests.support.dossier import log_signer
from tests.vectors.evidence.cases import good

KEY = log_signer().key.vkey
WEB = Path(__file__).parents[3] / "web"


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def layers(given: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    verify.run(make_parser().parse_args(["verify", *given, "--report", "--json"]))
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "redacted.zip"
    path.write_bytes(good("redacted"))
    return path


def test_all_inputs_are_named_by_their_sha_256(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = layers([str(bundle), "--log-key", KEY, "--type", "terms"], capsys)["inputs"]
    raw = bundle.read_bytes()
    assert found["evidence"] == {"name": str(bundle), "sha256": sha256(raw)}
    named = {each["name"]: each["sha256"] for each in found["files"]}
    assert named == {name: sha256(content) for name, content in parse(raw).items()}
    assert (found["verifier"], found["version"]) == ("ledger verify", __version__)
    assert (found["options"]["keys"], found["options"]["type"]) == ([KEY], "terms")
    assert found["policySha256"] == sha256(jcs(found["options"]))


def test_a_file_of_the_caller_is_an_input_by_its_sha_256(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, required = tmp_path / "policy", tmp_path / "required"
    policy.write_bytes(b"quorum none\n")
    required.write_bytes(b'{"threshold":1,"of":["role:board"]}')
    given = ["--policy", str(policy), "--require", f"@{required}", "--log-key", KEY]
    options = layers([str(bundle), *given], capsys)["inputs"]["options"]
    assert options["policy"] == sha256(policy.read_bytes())
    assert options["require"] == sha256(required.read_bytes())


def test_a_key_without_a_revocation_is_none_seen_and_as_of_the_checkpoint(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = layers([str(bundle), "--log-key", KEY], capsys)
    states = {each["revocation"] for each in found["signingKeys"]}
    assert states == {"revoked", "none-seen"}
    assert any("may have been revoked later" in each for each in found["notices"])
    assert any("mapped" in each and "no more" in each for each in found["notices"])
    assert (found["size"], found["logKeys"]) == (18, [KEY])


def test_the_best_proof_of_existence_is_the_ledgers_word_without_another(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = layers([str(bundle), "--log-key", KEY], capsys)
    assert found["existence"] == {"at": found["asOf"], "source": "ledger", "by": found["ledger"]}
    raw = bundle.read_bytes()
    bundle.write_bytes(raw[:-5])
    damaged = layers([str(bundle), "--log-key", KEY], capsys)
    assert (damaged["existence"], damaged["inputs"]["files"]) == (None, [])
    assert damaged["conclusion"]["subIndication"] == "FORMAT_FAILURE"
    assert damaged["inputs"]["evidence"]["sha256"] == sha256(raw[:-5])


def test_the_text_begins_with_the_conclusion_and_ends_with_the_inputs(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify.run(make_parser().parse_args(["verify", str(bundle), "--report"]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "INDETERMINATE / NO_CERTIFICATE_CHAIN_FOUND"
    assert lines.index("Checks") < lines.index("Inputs")
    assert lines[-1].endswith("tile/entries/000.p/18")


def test_a_directory_stands_by_the_list_of_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in parse(good("redacted")).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = layers([str(tmp_path), "--log-key", KEY], capsys)["inputs"]
    listed = "".join(f"{each['sha256']}  {each['name']}\n" for each in found["files"])
    assert found["evidence"]["sha256"] == sha256(listed.encode())


def test_the_offline_page_has_the_version_of_the_program() -> None:
    text = (WEB / "verify/version.js").read_text()
    assert f'export const VERSION = "{__version__}";' in text
