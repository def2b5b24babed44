"""What `ledger verify` reads from an address is bounded, and verified as if it were hostile."""

import time
from collections.abc import Callable
from contextlib import closing
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from ledger.cli import download
from ledger.cli.download import Download, is_log
from ledger.errors import LedgerError, UnavailableError
from ledger.verify.container import CHECKPOINT, parse
from ledger.verify.event_checks import silent
from ledger.verify.public_log import verify_log
from ledger.verify.report import VerificationReport
from tests.support.dossier import log_signer
from tests.support.web import serving
from tests.vectors.evidence.cases import good

TILE, ENTRIES = "tile/0/000.p/18", "tile/entries/000.p/18"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A directory that is a public log: any web server can serve one."""
    files = parse(good("redacted"))
    for name in (CHECKPOINT, TILE, ENTRIES):
        (tmp_path / "log" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "log" / name).write_bytes(files[name])
    return tmp_path / "log"


def verified(log: Path) -> VerificationReport:
    with serving(log.parent) as origin, closing(Download(progress=silent)) as reader:
        files = reader.read_log(f"{origin}/log/")
    return verify_log(files, expected_keys=[log_signer().key])


def outcomes(report: VerificationReport) -> dict[str, str]:
    return {check.name: check.code or check.outcome for check in report.checks}


def test_a_log_of_plain_files_is_verified_whole(log: Path) -> None:
    report = verified(log)
    assert (report.verdict, report.mode, report.size) == ("verified", "log", 18)
    assert outcomes(report) == dict.fromkeys(
        ("readable", "entries", "checkpoint", "ledger"), "passed"
    )


def test_without_a_key_nobody_signed(log: Path) -> None:
    with serving(log.parent) as origin, closing(Download(progress=silent)) as reader:
        files = reader.read_log(f"{origin}/log/")
        assert reader.announced_keys(f"{origin}/log/", 16) == []
    report = verify_log(files)
    assert (report.verdict, outcomes(report)["checkpoint"]) == ("invalid", "note_unsigned")


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        (TILE, lambda raw: raw[:40] + b"!" + raw[41:], {"entries": "tile_mismatch"}),
        (TILE, lambda raw: raw[:-1], {"readable": "tile_malformed"}),
        (ENTRIES, lambda raw: raw.replace(b".678Z", b".679Z", 1), {"entries": "tile_mismatch"}),
        (ENTRIES, lambda raw: raw[:-1], {"readable": "entry_bundle_malformed"}),
        (ENTRIES, lambda raw: raw + raw[:300], {"readable": "entry_bundle_malformed"}),
        (ENTRIES, lambda raw: raw + b"\0\0", {"readable": "entry_bundle_malformed"}),
        (ENTRIES, lambda raw: raw.replace(b'"seq":1', b'"seq":2', 1), {"readable": "version_gap"}),
        (CHECKPOINT, lambda raw: raw.replace(b"\n\n", b"\n\n\n"), None),
        (
            CHECKPOINT,
            lambda raw: raw[:-9] + b"AAAAAAA=\n",
            {"checkpoint": "note_signature_invalid"},
        ),
    ],
)
def test_a_log_that_is_not_the_one_that_was_signed_is_refused(
    log: Path, name: str, change: Callable[[bytes], bytes], expected: dict[str, str] | None
) -> None:
    (log / name).write_bytes(change((log / name).read_bytes()))
    if expected is None:
        with pytest.raises(LedgerError):
            verified(log)
        return
    report = verified(log)
    assert report.verdict == "invalid"
    assert outcomes(report).items() >= expected.items()


def test_a_log_that_claims_to_be_endless_is_read_as_far_as_it_is_there(log: Path) -> None:
    raw = (log / CHECKPOINT).read_bytes()
    (log / CHECKPOINT).write_bytes(raw.replace(b"\n18\n", b"\n9007199254740991\n"))
    with pytest.raises(UnavailableError, match="404 Not Found"):
        verified(log)


def test_an_address_that_ends_in_a_slash_is_a_log() -> None:
    assert is_log("https://ledger.example.com/log/")
    assert is_log("https://ledger.example.com/log/?x=/y")
    assert not is_log("https://ledger.example.com/evidence.zip")


def read(address: str, **options: Any) -> bytes:
    with closing(Download(progress=silent, **options)) as reader:
        return reader.read(address)


def failure(address: str, **options: Any) -> str:
    with pytest.raises(UnavailableError) as caught:
        read(address, **options)
    assert caught.value.code == "download_failed"
    return caught.value.detail


def test_no_more_is_read_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(bytes(1000))
    with serving(tmp_path) as origin:
        assert read(f"{origin}/x.zip", most_bytes=1000) == bytes(1000)
        assert "over 999 bytes" in failure(f"{origin}/x.zip", most_bytes=999)
        with closing(Download(most_bytes=1500, progress=silent)) as reader:
            reader.read(f"{origin}/x.zip")
            with pytest.raises(UnavailableError, match="over 500 bytes"):
                reader.read(f"{origin}/x.zip")


def test_no_longer_is_read_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.zip").write_bytes(bytes(1000))
    monkeypatch.setattr(download, "TOTAL_S", -1)
    with serving(tmp_path) as origin:
        assert "took too long" in failure(f"{origin}/x.zip")


class _Elsewhere(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "file:///etc/passwd")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # the library's name
        """Say nothing."""


class _Silent(_Elsewhere):
    def do_GET(self) -> None:
        self.connection.recv(1)  # until the other side hangs up


def test_a_server_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "SILENCE_S", 0.2)
    with serving(tmp_path, _Silent) as origin:
        assert "timed out" in failure(origin)


class _Limited(SimpleHTTPRequestHandler):
    """Grants every second request, and says after how long."""

    asked = 0
    after = "1"

    def do_GET(self) -> None:
        type(self).asked += 1
        if self.asked % 2 == 0:
            super().do_GET()
            return
        self.send_response(429)
        self.send_header("Retry-After", self.after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # the library's name
        """Say nothing."""


class _Never(_Limited):
    after = "tomorrow"


def test_a_server_that_limits_requests_is_asked_again_when_it_says(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(bytes(1000))
    with serving(tmp_path, _Limited) as origin:
        begun_s = time.monotonic()
        assert read(f"{origin}/x.zip") == bytes(1000)
        assert time.monotonic() - begun_s >= 1
    with serving(tmp_path, _Never) as origin:
        assert "429 Too Many Requests" in failure(f"{origin}/x.zip")


def test_a_server_that_says_to_wait_beyond_the_limit_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Limited, "after", "3600")
    with serving(tmp_path, _Limited) as origin:
        assert "429 Too Many Requests" in failure(f"{origin}/x.zip")


def test_what_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    with serving(tmp_path, _Elsewhere) as origin:
        assert "302 Found" in failure(origin)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://[", "http://a b/"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    failure(address)
