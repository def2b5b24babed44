"""Bundles of a ledger with witnesses and an authority: what a verifier says of both."""

import subprocess
import sys
from pathlib import Path

import pytest

from ledger import clock
from ledger.domain import events
from ledger.encoding import b64u_decode
from ledger.jose import OkpJwk
from ledger.timestamp.verify import parse_certificates, request
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import WitnessPolicy, parse_policy
from ledger.verify.bundle import verify
from ledger.verify.container import STAMP
from ledger.verify.endorsements import Trust
from ledger.verify.report import Check, VerificationReport
from tests.support.authority import Authority
from tests.support.dossier import AT, bundle_of, log_signer, published
from tests.vectors.evidence.cases import states

STATES = states()
NOTE = published(STATES, log_signer())[0].note
POINT = checkpoint.parse_note(NOTE).checkpoint
KEY = log_signer().key
ONE, TWO = (vkeys.generate(f"w{n}.example.com", cosigner=True)[0] for n in (1, 2))
LINE = checkpoint.sign_lines(POINT, [ONE], now_s=1_795_222_800)
COSIGNED = NOTE + LINE
LINES = f"witness one {ONE.key.vkey}\nwitness two {TWO.key.vkey}\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


def made(note: bytes, stamp: bytes | None = None) -> bytes:
    return bundle_of(STATES, companions={"checkpoint": note} | ({STAMP: stamp} if stamp else {}))


def reported(raw: bytes, trust: Trust, keys: list[NoteKey] | None = None) -> VerificationReport:
    expected = [KEY] if keys is None else keys
    return verify(raw, expected_keys=expected, trust=trust, now_ms=clock.to_ms(AT))


def policy(quorum: str) -> WitnessPolicy:
    return parse_policy(f"{LINES}group both all one two\n{quorum}".encode())


def last(report: VerificationReport) -> Check:
    assert [each.outcome for each in report.checks[:10]] == ["passed"] * 10
    return report.checks[-1]


def test_without_trust_from_outside_there_is_no_check_of_endorsements() -> None:
    report = reported(made(COSIGNED, b"anything"), Trust())
    assert (report.verdict, len(report.checks)) == ("verified", 10)


def test_a_cosigned_and_stamped_bundle_is_verified(authority: Authority) -> None:
    stamp = authority.stamp(request(COSIGNED, nonce=1))
    trust = Trust(policy("quorum one\n"), parse_certificates(authority.pem))
    report = reported(made(COSIGNED, stamp), trust)
    assert report.verdict == "verified"
    witnesses, time = report.checks[10:]
    assert (witnesses.name, witnesses.outcome) == ("witnesses", "passed")
    assert witnesses.says == "Cosigned by one, first at 2026-11-21T01:00:00Z."
    assert (time.name, time.outcome) == ("time", "passed")
    assert time.says.endswith(" by CN=tsa.")


def test_what_was_asked_for_and_is_missing_leaves_no_verdict(authority: Authority) -> None:
    report = reported(made(COSIGNED), Trust(policy("quorum both\n")))
    check = last(report)
    assert (report.verdict, check.outcome) == ("unverifiable", "unverifiable")
    assert (check.code, check.says) == (
        "witnesses_missing",
        "Cosigned by one, which does not meet the quorum.",
    )
    report = reported(made(COSIGNED), Trust(None, parse_certificates(authority.pem)))
    assert (report.verdict, last(report).code) == ("unverifiable", "stamp_missing")


def test_a_false_cosignature_or_stamp_makes_a_bundle_invalid(authority: Authority) -> None:
    other = Checkpoint(POINT.origin, POINT.size, bytes(32))
    false = NOTE + checkpoint.sign_lines(other, [ONE], now_s=1_795_222_800)
    report = reported(made(false), Trust(policy("quorum none\n")))
    assert (report.verdict, last(report).code) == ("invalid", "note_signature_invalid")
    stamp = authority.stamp(request(NOTE, nonce=1))
    report = reported(made(COSIGNED, stamp), Trust(None, parse_certificates(authority.pem)))
    assert (report.verdict, last(report).code) == ("invalid", "stamp_refused")


def test_a_policy_about_other_logs_refuses_this_one() -> None:
    named = parse_policy(f"log {KEY.vkey}\n{LINES}quorum one\n".encode())
    assert reported(made(COSIGNED), Trust(named)).verdict == "verified"
    stranger = vkeys.generate(POINT.origin)[0].key
    other = parse_policy(f"log {stranger.vkey}\n{LINES}quorum one\n".encode())
    report = reported(made(COSIGNED), Trust(other))
    assert (report.verdict, last(report).code) == ("invalid", "note_unsigned")


@pytest.mark.parametrize("of_person", [True, False])
def test_a_policy_that_names_a_key_of_the_ledger_as_a_witness_is_refused(of_person: bool) -> None:
    bodies = [events.decode(state).body for state in STATES]
    person = next(each.jwk for each in bodies if isinstance(each, events.KeyAttested))
    assert isinstance(person, OkpJwk)
    public = b64u_decode(person.x) if of_person else KEY.public
    witness = vkeys.NoteKey("w", vkeys.COSIGNER, public)
    named = parse_policy(f"witness w {witness.vkey}\nquorum none\n".encode())
    report = reported(made(NOTE), Trust(named))
    assert (report.verdict, last(report).code) == ("invalid", "key_shared")


def test_nothing_is_said_of_a_checkpoint_that_is_not_the_ledgers() -> None:
    forged = bundle_of(STATES, signer=log_signer(2))
    report = reported(forged, Trust(policy("quorum none\n")))
    assert report.verdict == "invalid"
    assert (report.checks[-1].name, report.checks[-1].outcome) == ("witnesses", "skipped")


def ledger_verify(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ledger", "verify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_the_command_line_takes_a_policy_and_certificates(
    tmp_path: Path, authority: Authority
) -> None:
    stamp = authority.stamp(request(COSIGNED, nonce=1))
    path, rules = tmp_path / "bundle.zip", tmp_path / "policy"
    path.write_bytes(made(COSIGNED, stamp))
    rules.write_text(f"log {KEY.vkey}\n{LINES}quorum one\n")
    root = authority.directory / "root.pem"
    # A policy that names the log is a key from outside.
    said = ledger_verify(path, "--policy", rules, "--tsa-certificates", root)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "11 ✓ witnesses" in said.stdout or "11 + witnesses" in said.stdout
    assert "by CN=tsa." in said.stdout
    rules.write_text(f"log {KEY.vkey}\n{LINES}quorum two\n")
    said = ledger_verify(path, "--policy", rules)
    assert (said.returncode, "witnesses_missing" in said.stdout) == (3, True)
    for arguments in (("--policy", path), ("--tsa-certificates", rules), ("--policy", tmp_path)):
        said = ledger_verify(path, *arguments)
        assert said.returncode == 2
        assert "Traceback" not in said.stderr
