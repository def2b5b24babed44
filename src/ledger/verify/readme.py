"""README.txt of a bundle: how to verify it with independent tools, and what that proves."""

from ledger.verify.container import EvidenceMode, Mode

_TEXT = """\
EVIDENCE OF AN APPROVAL LEDGER

This bundle shows who approved what, under which policy, in which order, and
where that stands in the log of a ledger. The file checkpoint names the ledger, and
how many entries its log had. Everything here is plain files; you need neither the
ledger nor our software to check them.


WHERE TO BEGIN

statements/<id>/document.json   the bytes that people signed: read this
statements/<id>/*.jws           every signature, as it was received
heads.jwt                       in mode statement: how many events each stream has
people/<id>/<kid>.jwk.json      the public keys that made them
verify.html                     if it is here: opens in a browser, without a network

With our program:   ledger verify <this file> --log-key '<the key you trust>'

Get the program and the key from a source that you trust. A forger of the
bundle would also forge its README and its verify.html. The program says whether
this README is the one of its format.


WITH TOOLS THAT ARE NOT OURS

1. The document's digest (sha256sum):

     sha256sum statements/<id>/document.json

   It is the "sha256" that the creator signed, in the payload of
   statements/<id>/<n>-statement-drafted.jws, and the digest that people compare.

2. The approvals (any JOSE library: jwcrypto, PyJWT, jose for JavaScript, ...):

   each <n>-statement-signed.jws is a compact JWS (RFC 7515). Verify it with the
   JWK whose "kid" its header names, under people/. Its payload is
   document.json byte for byte, or names the statement and repeats its content.
   jws.json has those over document.json itself as one General JSON JWS.

3. That a key is its person's (any WebAuthn library):

   people/<id>/<kid>.attestation.json has the passkey's assertion, its public
   key, and the challenge, which is SHA-256 over the RFC 8785 form of
   {{"expiresAt","home","kid","ledger","nonce","purpose":"attest-signing-key","user"}}
   ("expiresAt" is null for a key without an end).

4. The log (any tool that knows C2SP tlog-checkpoint and tlog-proof):

   bodies/<i> is 32 bytes of salt and the event; the SHA-256 of the whole file is
   in entries/<i> (in tile/entries/ for the whole log). In a full bundle bodies are
   in tile/bodies/, 256 a file, each after its length in four bytes.
   The leaf hash is SHA-256 of a zero byte and the entry.
   proofs/<i>.tlog-proof leads from there to the root hash in the file checkpoint.
   The checkpoint is a signed note: check its Ed25519 line with the log's key,
   which you have from the operator, not from here. openssl does:

     openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in text -sigfile signature

   where text is the first three lines of the checkpoint, and signature is what
   follows the 4-byte key id in the base64 of the line.

5. Every file: manifest.json has their SHA-256.

All of this as commands to copy: docs/how-to/verify-without-us.md in the ledger's
documentation. The formats, byte for byte: docs/reference/evidence.md, formats.md
and log.md there.


WHAT IT PROVES

If all checks pass, with a key of the log that you got from elsewhere: these
people's keys, each attested by a passkey, signed these very bytes; by the policy
in them the statement stood as shown; and the log was committed to all of it when
the checkpoint was signed.


WHAT IT DOES NOT PROVE

{limits}
"""


def readme(mode: Mode) -> bytes:
    """Return the text of README.txt, the same in every bundle of a mode: readers know it."""
    said = "".join(f"- {each}\n" for each in limits(mode)).rstrip("\n")
    return _TEXT.format(limits=said).encode()


def limits(mode: EvidenceMode | None) -> list[str]:
    """Return the limits of evidence of this mode, one sentence each."""
    told = [
        "It does not prove that what the statement says is true.",
        "It does not prove who a person is beyond the name that they registered with.",
        "It does not prove when something happened: times are the ledger's own clock's.",
        "It does not prove that nobody was shown another log: compare checkpoints with others.",
        "It does not prove what happened after the checkpoint.",
    ]
    if mode == "receipt":
        told.append("It does not show what the event says: an entry only commits to its body.")
    if mode == "statement":
        told.append(
            "That nothing was left out after the last decision, such as a key's revocation or a"
            " withdrawal, is the word of the ledger's heads key: a full bundle proves it."
        )
    if mode in ("statement", "redacted"):
        told.append("It shows roles as the log states them, without the changes that gave them.")
    return told
