"""`ledger export --format bundle` and `certificate`: the evidence of statements, from the data."""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import BinaryIO

from ledger.cli.plain_output import print_note
from ledger.errors import MalformedError, UnavailableError
from ledger.http.assets import verifier_page
from ledger.publish.bundles import Evidence, verified_bundle
from ledger.publish.certificate import certificate
from ledger.publish.certificate_pdf import certificate_pdf
from ledger.publish.companions import companions, read_stated
from ledger.publish.heads import HeadsKey
from ledger.publish.log_keys import LogKeys
from ledger.publish.served import ServedCheckpoint, read_policy
from ledger.publish.shown_beside import newest_position
from ledger.settings import Settings
from ledger.store.engines import read_log
from ledger.verify import container
from ledger.verify.container import MeasuredFile
from ledger.verify.report import VerificationReport

# A larger bundle is written as it is read: to verify it first, all of it would be in memory.
MOST_VERIFIED_BYTES = 32 * 1024 * 1024


def write(settings: Settings, chosen: argparse.Namespace, out: BinaryIO) -> None:
    """Write the bundle of the statements named, as of the newest checkpoint.

    The bundle is verified first, as its receiver will: nothing that is proved wrong is written. A
    large one is not, and standard error says so. Raises MalformedError `option_invalid`,
    CorruptError `bundle_invalid`, and what `_evidence` and `container.stream` raise.
    """
    if not chosen.statements:
        raise MalformedError("option_invalid", "a bundle is of one statement or more: name them")
    _require_bytes(out)
    with _evidence(settings, chosen.statements) as evidence:
        files = evidence.measure(chosen.statements, chosen.mode or "redacted")
        if container.length(files) <= MOST_VERIFIED_BYTES:
            out.write(_sound(files)[0])
            return
        for part in container.stream(files):
            out.write(part)
    told = "the bundle is large, and was not verified before it was written: run `ledger verify`"
    print_note(told)


def write_certificate(settings: Settings, chosen: argparse.Namespace, out: BinaryIO) -> None:
    """Write the certificate of one statement, a PDF with its bundle inside; raise as `write`."""
    if len(chosen.statements) != 1:
        raise MalformedError("option_invalid", "a certificate is of one statement: name it")
    _require_bytes(out)
    with _evidence(settings, chosen.statements) as evidence:
        made, report = _sound(evidence.measure(chosen.statements, chosen.mode or "statement"))
    out.write(certificate_pdf(certificate(report), made))


def _require_bytes(out: BinaryIO) -> None:
    if out.isatty():
        raise MalformedError("option_invalid", "the output is not text: name a file with --output")


def _sound(files: dict[str, MeasuredFile]) -> tuple[bytes, VerificationReport]:
    """Return the bundle of these files, and what a verifier finds in it."""
    made = b"".join(container.stream(files))
    return made, verified_bundle(made, now_ms=time.time_ns() // 1_000_000)


@contextmanager
def _evidence(settings: Settings, statements: Sequence[str]) -> Iterator[Evidence]:
    """Yield the evidence of the newest checkpoint, which has these statements.

    Raises NotFoundError `not_founded`, `statement_unknown`; UnavailableError `not_yet`.
    """
    stated = read_stated(settings.witnesses, settings.tsa_certificates)
    with (
        closing(read_log(settings.log_address)) as store,
        closing(store.tree()) as tree,
        closing(store.endorsements()) as endorsements,
    ):
        needed = max(newest_position(store, each) for each in statements)
        keys = LogKeys(store, settings.log_keys)
        quorum = ServedCheckpoint(
            read_policy(settings.witnesses, keys.origin),
            endorsements,
            wait_s=settings.witness_wait_s,
            now_ms=lambda: time.time_ns() // 1_000_000,
        )
        published = quorum.served(tree)
        if published is None or published.size < needed:
            detail = "the newest events are not published yet: start the ledger, and try again"
            raise UnavailableError("not_yet", detail)
        beside = companions(published, endorsements, keys.keys(published.size), stated)
        now_ms = time.time_ns() // 1_000_000
        yield Evidence(
            store,
            tree,
            published,
            page=verifier_page(),
            companions=beside,
            sign_heads=HeadsKey(settings.heads_key).signer(
                keys.charter.ledger, nonce=None, now_ms=now_ms
            ),
        )
