"""A TLS 1.3 client that writes its own records: the standard library's sends no key updates."""

import hashlib
import hmac
import socket
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.system.tls_files import TlsFiles
from tests.support.certificates import trusting

APPLICATION_DATA, HANDSHAKE = 23, 22
_UPDATE = bytes((24, 0, 0, 1, 1))  # a key update that asks for one (RFC 8446 section 4.6.3)


class TlsClient:
    """A connection whose handshake is done."""

    def __init__(self, wire: socket.socket, files: TlsFiles) -> None:
        self.wire = wire
        context = trusting(files)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with tempfile.TemporaryDirectory() as directory:
            context.keylog_filename = str(Path(directory) / "keys")
            self._tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            self._shake_hands(incoming, outgoing)
            lines = Path(context.keylog_filename).read_text().splitlines()
        chosen = self._tls.cipher()
        assert chosen is not None
        assert chosen[0] == "TLS_AES_256_GCM_SHA384"
        (secret,) = (line.split()[2] for line in lines if line.startswith("CLIENT_TRAFFIC"))
        self._use(bytes.fromhex(secret))

    def record(self, kind: int, content: bytes) -> bytes:
        """Return the next record (RFC 8446 section 5.2)."""
        head = b"\x17\x03\x03" + (len(content) + 17).to_bytes(2, "big")
        nonce = int.from_bytes(self._iv, "big") ^ self._number
        self._number += 1
        return head + self._key.encrypt(nonce.to_bytes(12, "big"), content + bytes([kind]), head)

    def key_update(self) -> bytes:
        """Return a record that updates the client's keys and asks for the server's."""
        made = self.record(HANDSHAKE, _UPDATE)
        self._use(_expanded(self._secret, b"traffic upd", 48))
        return made

    def _shake_hands(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.wire.sendall(outgoing.read())
                incoming.write(self.wire.recv(65_536))
            else:
                self.wire.sendall(outgoing.read())
                return

    def _use(self, secret: bytes) -> None:
        self._secret, self._number = secret, 0
        self._key, self._iv = AESGCM(_expanded(secret, b"key", 32)), _expanded(secret, b"iv", 12)


def _expanded(secret: bytes, label: bytes, length: int) -> bytes:
    """Return HKDF-Expand-Label of at most one block (RFC 8446 section 7.1)."""
    named = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(named)]) + named + b"\0"
    return hmac.new(secret, info + b"\x01", hashlib.sha384).digest()[:length]
