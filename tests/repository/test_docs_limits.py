"""The limits that the reference states are those of the code."""

from pathlib import Path

import pytest

from ledger import clock
from ledger.cli import download
from ledger.cli.audit import MOST_JOBS
from ledger.commands import ceremonies, ceremony_ids
from ledger.domain import approval, document, entry, names, text
from ledger.http import passkey_responses, quotas, read_models, reads, requests, streams
from ledger.jose import fillings, keyset
from ledger.publish import publisher, stamper, witness_rounds
from ledger.store.ports import operations
from ledger.system import jwks_client
from ledger.tlog import checkpoint, merkle
from ledger.verify import container, zip_records
from ledger.witness import app
from projections import paging
from tests.support import who_reads
from tests.support.route_quotas import PAGE, WORDS, application, rendered
from tests.support.route_quotas import quotas as route_quotas

REFERENCE = Path(__file__).parents[2] / "docs/reference"
KIB, MIB = 1024, 1024**2
SHORTEST, LONGEST = text.REASON_CHARS
KEPT = jwks_client.JwksTimes()

STATED = [
    ("http.md", f"A body over {passkey_responses.MAX_SMALL_BYTES // KIB} KiB is 413"),
    ("http.md", f"the limit is {requests.MAX_STATEMENT_BYTES // MIB} MiB for create and sign"),
    ("http.md", f"503 `not_yet` after {read_models.WAIT_S:g} s"),
    ("http.md", f"It waits {read_models.HEAD_WAIT_S:g} s at most"),
    ("readers.md", f"for {operations.ACCESS_DAYS} days, and at most"),
    ("readers.md", f"at most {operations.MOST_ACCESSES:,} lines"),
    ("readers.md", f"at most {paging.EXAMINED:,} statements a page"),
    ("formats.md", f"a list of at most {document.MAX_READERS} members"),
    ("http.md", f"a comment line every {reads.HEARTBEAT_S:g} s"),
    (
        "http.md",
        f"at most {streams.MAX_STREAMS_EACH} streams, all people together {streams.MAX_STREAMS}",
    ),
    ("http.md", f"an opaque id of up to {ceremony_ids.MAX_ID_CHARS:,} characters"),
    ("limits.md", f"at most {quotas.MAX_BUCKETS:,} of people"),
    ("limits.md", f"`LEDGER_RATE_LIMIT` is {quotas.DEFAULT_RATE_LIMIT} by default"),
    ("formats.md", f"the client makes it, at most {document.MAX_DOCUMENT_BYTES // MIB} MiB"),
    ("formats.md", f"`title` has 1 to {document.MAX_TITLE_CHARS} characters"),
    ("formats.md", f"within {clock.SKEW_MS // 60_000} minutes of the server's clock"),
    ("formats.md", f"`jti` (1 to {approval.MAX_JTI_CHARS} characters)"),
    ("formats.md", f"`reason` ({SHORTEST} to {LONGEST:,} characters)"),
    (
        "formats.md",
        f"{fillings.MAX_NESTED} nested nodes, thresholds of 1 to {fillings.MAX_THRESHOLD}",
    ),
    ("formats.md", f"and {fillings.MAX_MEMBERS:,} members in all"),
    ("formats.md", f"{entry.SALT_BYTES}-byte salt"),
    ("errors.md", f"not 1 to {names.MAX_NAME_CHARS} characters"),
    ("jws.md", f"| kept | {KEPT.max_age_s:g} s"),
    ("jws.md", f"at most once in {KEPT.floor_s:g} s"),
    ("jws.md", f"is used for {KEPT.stale_s:,.0f} s more"),
    (
        "jws.md",
        f"at most {jwks_client.MAX_BYTES // MIB} MiB and {keyset.MAX_SET_KEYS:,} keys,"
        f" within {jwks_client.TOTAL_S:g} s",
    ),
    ("log.md", f"at most {entry.MAX_ENTRY_BYTES:,} of them"),
    ("log.md", f"{checkpoint.MAX_NOTE_BYTES // KIB} KiB at most"),
    ("log.md", f"a tile of {merkle.WIDTH} hashes"),
    ("log.md", f"over {round(app.MAX_BODY_BYTES / KIB)} KiB"),
    ("log.md", f"at most {1 / publisher.INTERVAL_S:g} a second".replace("2", "two")),
    ("log.md", f"rounds of {witness_rounds.ROUND_S:g} seconds".replace("2", "two")),
    ("log.md", f"{stamper.SETTLE_MS / 1000:g} seconds after publication".replace("10", "ten")),
    ("evidence.md", f"at most {container.MAX_PATH_CHARS} characters"),
    ("evidence.md", f"at most {container.MAX_FILES:,} files"),
    ("evidence.md", f"{container.MAX_BUNDLE_BYTES // 1024**3} GiB"),
    ("evidence.md", f"less than {round(zip_records.MAX_FILE_BYTES / 1024**3)} GiB"),
    ("commands.md", f"at most {download.MAX_DOWNLOAD_BYTES // 1024**3} GiB"),
    ("commands.md", f"for {download.TOTAL_S // 3600} hour at most".replace("1", "an")),
    ("commands.md", f"processes, 1 to {MOST_JOBS} "),
    ("errors.md", f"older than {ceremonies.CEREMONY_MS // 60_000} minutes".replace("5", "five")),
]


@pytest.mark.parametrize(("page", "words"), STATED, ids=[words for _, words in STATED])
def test_the_reference_states_the_limit_of_the_code(page: str, words: str) -> None:
    assert words in (REFERENCE / page).read_text()


def test_the_reference_states_every_quota() -> None:
    page = (REFERENCE / "limits.md").read_text()
    assert set(WORDS) == set(quotas.Group)
    for group, words in WORDS.items():
        cells = [f"{of.burst:,}, and {of.per_s:,} a second" for of in quotas.QUOTAS[group]]
        assert f"| {words} | {' | '.join(cells)} |" in page


def test_every_route_has_a_row_with_its_quota() -> None:
    routes = application()
    page = PAGE.read_text("utf-8")
    assert rendered(page, routes) == page
    assert {path for _, path, groups in route_quotas(routes) if None in groups} == {
        "/favicon.ico",
        "/healthz",
        "/livez",
        "/metrics",
        "/readyz",
        "/static/{tree}/{path}",
    }


def test_the_table_of_readers_is_the_one_that_the_test_tries() -> None:
    page = who_reads.PAGE.read_text("utf-8")
    assert who_reads.rendered(page) == page
