"""The certificate of a statement: over HTTP, on the command line, and as a page to print."""

import re
import zlib
from pathlib import Path

from ledger.verify import container
from tests.integration.publish.test_bundle_commands import Said
from tests.support.actor import Actor, Drafted
from tests.support.evidence import but_for_heads, exported
from tests.support.server import Server


def inside(pdf: bytes) -> bytes:
    """Return the bundle in a certificate."""
    head, _, rest = pdf.partition(b"/Type /EmbeddedFile ")[2].partition(b"stream\n")
    return zlib.decompress(rest[: int(re.findall(rb"/Length (\d+)", head)[0])])


def test_a_certificate_carries_the_bundle_and_is_named_after_the_title(
    server: Server, alice: Actor, drafted: Drafted, tmp_path: Path
) -> None:
    address = f"/api/statements/{drafted.id}/certificate"
    answer = alice.client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    plain = f'attachment; filename="certificate-{drafted.id}.pdf"'
    assert answer.headers["content-disposition"] == f"{plain}; filename*=UTF-8''Series-A.pdf"
    assert answer.headers["cache-control"] == "no-store"
    bundle = exported(alice, drafted.id)
    assert but_for_heads(inside(answer.content)) == but_for_heads(bundle)

    out = tmp_path / "series-a.pdf"
    command = ("export", "--format", "certificate", "--output", out, "--data", server.data)
    said = Said(server, *command, drafted.id)
    assert (said.code, said.err) == (0, "")
    assert but_for_heads(inside(out.read_bytes())) == but_for_heads(bundle)
    assert out.read_bytes().startswith(b"%PDF-1.7\n")
    for statements in ((), (drafted.id, drafted.id)):
        said = Said(server, *command, *statements)
        assert (said.code, "a certificate is of one statement" in said.err) == (2, True)
    whole = Said(server, *command, drafted.id, "--mode", "full")
    assert whole.code == 0
    assert container.parse_manifest(container.parse(inside(out.read_bytes()))).mode == "full"


def test_the_page_to_print_says_who_decided_and_that_the_bundle_is_the_proof(
    alice: Actor, drafted: Drafted
) -> None:
    page = alice.client.get(f"/statements/{drafted.id}/certificate")
    assert page.status_code == 200
    for text in ("This statement is approved.", "Bob", "Alice", drafted.sha256[:8]):
        assert text in page.text
    assert "is the proof; this page is a summary of it." in page.text
    assert f'href="/api/statements/{drafted.id}/certificate"' in page.text
    assert (
        f"/statements/{drafted.id}/certificate"
        in alice.client.get(f"/statements/{drafted.id}").text
    )


def test_strangers_sign_in_before_they_see_the_page(server: Server, drafted: Drafted) -> None:
    with server.client() as stranger:
        page = stranger.get(f"/statements/{drafted.id}/certificate", follow_redirects=False)
    assert page.headers["location"].startswith("/signin?next=")
