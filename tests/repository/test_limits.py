"""Every row of the page of limits names a test that exists and a number that the code has."""

import re
from pathlib import Path

import pytest

from ledger import encoding
from ledger.commands import ceremony_ids
from ledger.domain import document
from ledger.http import (
    admission,
    organisation_gate,
    passkey_responses,
    probes,
    request_cookies,
    requests,
    secure_transport,
    security_record,
    sessions,
    streams,
    tls_records,
)
from ledger.http.lanes import LaneName, default_lanes
from ledger.organisation.provider import MOST_AT_ONCE
from ledger.publish import bundles, shown_beside
from ledger.webauthn_grammar import cbor

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/limits.md").read_text()
KIB, MIB = 1024, 1024**2
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## Under attack")[0].splitlines()
    if line.startswith("| ")
    and not re.match(r"\| (What|Request|Lane|Requests) \||\| (Route \||`[A-Z]+ /)", line)
]
CONNECTION = admission.ConnectionLimits()


def lane(name: LaneName) -> str:
    found = default_lanes()[name]
    at_once = found._at_once
    return f"{at_once} | {found._each} | {found._most_waiting} | {found._wait_s:g} s"


NUMBERS = [
    f"| open connections | {CONNECTION.connections}, and {admission.RESERVED_DESCRIPTORS} fewer",
    f"IPv6 /64 network | {CONNECTION.connections_per_address} |",
    f"as many as a browser opens | {CONNECTION.connections_of_browser} |",
    f"| request line and headers | {CONNECTION.head_bytes // KIB} KiB |",
    f"| header and trailer lines | {CONNECTION.header_lines} |",
    f"| time for a head, from its first byte | {CONNECTION.head_s:g} s |",
    f"| cookies of a request that are read | {request_cookies.MOST} |",
    f"| body | {CONNECTION.body_bytes // MIB} MiB |",
    f"| time for a body | {CONNECTION.body_s:g} s, and 1 s more for every "
    f"{CONNECTION.body_bytes_per_s:,} bytes |",
    f"| bytes of chunks and extensions beyond twice the body | {CONNECTION.overhead_bytes // KIB}"
    " KiB |",
    f"| bodies of all unanswered requests | {CONNECTION.bodies_bytes // MIB} MiB, of which "
    f"{CONNECTION.bodies_bytes // 2 // MIB} MiB are for bodies of at most "
    f"{passkey_responses.MAX_SMALL_BYTES // KIB} KiB |",
    f"| requests that wait on one connection | {CONNECTION.pipelined} |",
    f"it counts as a connection | {CONNECTION.head_s:g} s |",
    f"of what arrives over TLS | {secure_transport.PIECE_BYTES // KIB} KiB, "
    f"{secure_transport.PIECES_AT_ONCE} in a round of the event loop and "
    f"{secure_transport.PIECES_OF_ONE} of one",
    f"such as key updates, of one connection | {tls_records.EMPTY_RECORDS} |",
    f"| idle connection | {CONNECTION.idle_s:g} s |",
    f"| client that does not read its answer | {CONNECTION.write_s:g} s |",
    f"makes in its memory, and verifies | {shown_beside.MOST_BYTES // MIB} MiB as stored, and "
    f"{shown_beside.MOST_EVENTS:,} of them |",
    f"| events of a certificate, as a page or a PDF file | {shown_beside.MOST_BYTES // MIB} MiB as "
    f"stored, and {shown_beside.MOST_EVENTS:,} of them |",
    f"a process that writes a bundle | {bundles.HELD_BYTES // MIB} MiB |",
    f"| a draft, a change, or approvals | {passkey_responses.MAX_SMALL_BYTES // KIB} KiB | "
    f"{requests.MAX_STATEMENT_BYTES // MIB} MiB |",
    f"`/metrics` | {lane(LaneName.HEALTH)} |",
    f"| reads by people who are signed in | {lane(LaneName.MEMBERS)} |",
    f"carry their own signature | {lane(LaneName.WRITES)} |",
    f"without a session, until their signature is verified | {lane(LaneName.DRAFTS)} |",
    f"| everything else | {lane(LaneName.STRANGERS)} |",
    f"| looks for sessions, before all these lanes | {sessions.LOOKS} | {sessions.LOOKS_OF_ONE} | "
    f"{sessions.MOST_WAITING} | {sessions.WAIT_S:g} s |",
    f"provider, in each worker | {MOST_AT_ONCE} | {organisation_gate.MOST_OF_ONE} | "
    f"{organisation_gate.MOST_WAITING} | {organisation_gate.WAIT_S:g} s |",
    f"| a document | {document.MAX_DOCUMENT_BYTES // MIB} MiB |",
    f"| {encoding.MAX_MARKS:,} of each |",
    f"an exponent, in a document and in its content | {encoding.MAX_FLOATS:,} |",
    f"| nesting of a document or its content | {encoding.MAX_DEPTH} |",
    f"| act in a body | {requests.MAX_ACT_CHARS:,} characters |",
    f"which are dropped | {passkey_responses.MAX_EXTENSIONS_CHARS // KIB} KiB |",
    f"| a ceremony's id | {ceremony_ids.MAX_ID_CHARS:,} characters |",
    f"| CBOR of a passkey | {cbor.MAX_BYTES:,} bytes, {cbor.MAX_DEPTH} levels, "
    f"{cbor.MAX_MEMBERS} members of each container, {cbor.MAX_ITEMS} items |",
    f"| {streams.MAX_STREAMS_EACH}, {streams.MAX_STREAMS} |",
    f"| 2 × {security_record.MAX_FILE_BYTES // MIB} MiB |",
    f"| {security_record.MAX_STRANGERS_LINES} of strangers, {security_record.MAX_MEMBERS_LINES}"
    " of members |",
    f"| lines of the security record that wait for the disk | {security_record.MAX_QUEUED:,} |",
    f"| positions that the read models may lack | {probes.REACH:,} |",
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0][:40]} {row[1][:12]}")
def test_a_limits_test_exists(row: list[str]) -> None:
    named = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert named is not None, row
    source = (ROOT / named[1]).read_text()
    assert re.search(rf"^(async )?def {named[2]}\(", source, re.MULTILINE), named[0]


@pytest.mark.parametrize("words", NUMBERS)
def test_a_limit_is_that_of_the_code(words: str) -> None:
    assert words in PAGE


def test_the_page_has_a_row_for_every_limit_of_a_connection() -> None:
    unlisted = {"linger_s"}  # how long a refused client is listened to
    assert set(CONNECTION.__struct_fields__) - unlisted == {
        "connections",
        "connections_per_address",
        "connections_of_browser",
        "head_bytes",
        "header_lines",
        "head_s",
        "body_bytes",
        "body_s",
        "body_bytes_per_s",
        "overhead_bytes",
        "bodies_bytes",
        "pipelined",
        "idle_s",
        "write_s",
    }
