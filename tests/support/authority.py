"""A real time-stamp authority: `openssl ts`, served over HTTP on this machine."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.timestamp.verify import RESPONSE_TYPE
from tests.support.strangers import Reply, stranger

_CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {directory}/serial
signer_cert = {directory}/tsa.pem
signer_key = {directory}/tsa.key
{certificates}
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = {ess}
ess_cert_id_chain = no
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[stamping]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[serving]
extendedKeyUsage = critical, serverAuth
[both]
extendedKeyUsage = critical, timeStamping, serverAuth
[uncritical]
extendedKeyUsage = timeStamping
[req]
distinguished_name = name
[name]
"""


class Authority:
    """A root certificate, an optional intermediate, and the certificate that stamps."""

    def __init__(
        self,
        directory: Path,
        *,
        key: str = "ec:prime256v1",
        profile: str = "stamping",
        digest: str = "sha256",
        ess: str = "sha256",
        intermediate: bool = False,
        days: int = 30,
    ) -> None:
        tool = shutil.which("openssl")
        if tool is None:
            raise AssertionError("these tests need the openssl command line tool, 3.0 or newer")
        self._tool = tool
        directory.mkdir()
        self.directory = directory
        self.configuration = directory / "openssl.cnf"
        self.configuration.write_text(
            _CONFIGURATION.format(
                directory=directory,
                digest=digest,
                ess=ess,
                certificates=f"certs = {directory}/middle.pem" if intermediate else "",
            )
        )
        (directory / "serial").write_text("01\n")
        self._certify("root", "authority", None, key, days)
        if intermediate:
            self._certify("middle", "authority", "root", key, days)
        self._certify("tsa", profile, "middle" if intermediate else "root", key, days)
        self.pem = (directory / "root.pem").read_bytes()

    def stamp(self, query: bytes) -> bytes:
        """Return the response to a query."""
        path = self.directory / "query.tsq"
        path.write_bytes(query)
        return self.openssl("ts", "-reply", "-queryfile", str(path))

    def verifies(self, response: bytes, data: bytes) -> bool:
        """Tell whether OpenSSL accepts a response."""
        for name, raw in (("data", data), ("response.tsr", response)):
            (self.directory / name).write_bytes(raw)
        command = [self._tool, "ts", "-verify", "-data", str(self.directory / "data")]
        command += ["-in", str(self.directory / "response.tsr")]
        command += ["-CAfile", str(self.directory / "root.pem")]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve as RFC 3161 section 3.4 describes; yield the address."""
        with stranger(lambda _, __, body: Reply(200, self.stamp(body), RESPONSE_TYPE)) as url:
            yield f"{url}/tsr"

    def openssl(self, *arguments: str) -> bytes:
        """Run `openssl` with this authority's configuration; return its output."""
        more = () if arguments[0] == "x509" else ("-config", str(self.configuration))
        return subprocess.run(
            [self._tool, *arguments, *more], capture_output=True, check=True, cwd=self.directory
        ).stdout

    def _certify(self, name: str, profile: str, issuer: str | None, key: str, days: int) -> None:
        kind, _, detail = key.partition(":")
        option = "ec_paramgen_curve" if kind == "ec" else "rsa_keygen_bits"
        chain = ("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key") if issuer else ()
        self.openssl(
            *("req", "-x509", "-newkey", kind, "-pkeyopt", f"{option}:{detail}", "-nodes"),
            *("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}"),
            *("-days", str(days), "-extensions", profile, *chain),
        )
