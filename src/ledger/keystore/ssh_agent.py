"""Ed25519 keys in an ssh-agent, by its protocol over a Unix socket (draft-ietf-sshm-ssh-agent).

Two requests of the protocol are enough: list the keys, and sign. The agent signs the bytes that it
is given, so a key for the ledger must be used for nothing else, and for no login in particular.
"""

import base64
import hashlib
import socket

from ledger.errors import NotFoundError, UnavailableError
from ledger.keystore.places import AgentKey

REQUEST_IDENTITIES, IDENTITIES_ANSWER = 11, 12
SIGN_REQUEST, SIGN_RESPONSE = 13, 14
ANSWER_S = 10.0
MAX_ANSWER_BYTES = 256 * 1024


class SshAgentKey:
    """A key in an agent; `public` is read when it is opened."""

    def __init__(self, place: AgentKey) -> None:
        """Find the key.

        Raises NotFoundError `signer_key_missing` if the agent has no such key; UnavailableError
        `signer_unavailable`.
        """
        self._place = place
        self._blob, self.public = self._find()

    def sign(self, message: bytes) -> bytes:
        """Return the agent's signature; raise UnavailableError `signer_unavailable`."""
        body = _string(self._blob) + _string(message) + bytes(4)  # no flags
        (signature,) = self._strings(self._ask(SIGN_REQUEST, body, SIGN_RESPONSE), 1)
        return self._ed25519(signature)

    def _find(self) -> tuple[bytes, bytes]:
        answer = self._ask(REQUEST_IDENTITIES, b"", IDENTITIES_ANSWER)
        if len(answer) < 4:
            raise self._malformed()
        # Each key is followed by its comment.
        found = self._strings(answer[4:], 2 * int.from_bytes(answer[:4], "big"))
        for blob in found[::2]:
            digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
            if f"SHA256:{digest.rstrip('=')}" == self._place.fingerprint:
                return blob, self._ed25519(blob)
        detail = f"the ssh-agent does not have the key {self._place}"
        raise NotFoundError("signer_key_missing", detail)

    def _ed25519(self, encoded: bytes) -> bytes:
        """Return the bytes of a public key or of a signature (RFC 8709 sections 4 and 6)."""
        kind, value = self._strings(encoded, 2)
        if kind != b"ssh-ed25519":
            raise self._unavailable("it is not an Ed25519 key")
        return value

    def _ask(self, request: int, body: bytes, expected: int) -> bytes:
        """Return the body of the answer to a request."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
                agent.settimeout(ANSWER_S)
                agent.connect(str(self._place.socket))
                agent.sendall(_string(bytes([request]) + body))
                length = int.from_bytes(_receive(agent, 4), "big")
                answer = _receive(agent, min(length, MAX_ANSWER_BYTES))
        except OSError as error:
            raise self._unavailable(error) from error
        if answer[:1] != bytes([expected]):
            raise self._unavailable("the agent refuses; it may be locked")
        return answer[1:]

    def _strings(self, encoded: bytes, count: int) -> list[bytes]:
        """Return the strings of a text; each is its length in 4 bytes, then its bytes."""
        found = []
        while len(encoded) >= 4 + int.from_bytes(encoded[:4], "big"):
            end = 4 + int.from_bytes(encoded[:4], "big")
            found.append(encoded[4:end])
            encoded = encoded[end:]
        if encoded or len(found) != count:
            raise self._malformed()
        return found

    def _malformed(self) -> UnavailableError:
        return self._unavailable("its answer is malformed")

    def _unavailable(self, reason: object) -> UnavailableError:
        return UnavailableError("signer_unavailable", f"{self._place} cannot sign: {reason}")


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _receive(agent: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = agent.recv(length - len(found))
        if not part:
            raise ConnectionError("the agent ended the connection")
        found += part
    return found
