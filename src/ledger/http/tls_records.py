"""How many records of TLS a client sends: those without content are work for nothing.

A key update of 27 bytes makes the server derive keys (RFC 8446 section 4.6.3), and nothing in
OpenSSL bounds how many of them a client sends.
"""

HEAD_BYTES = 5  # type, version, length (RFC 8446 section 5.1)
EMPTY_RECORDS = 32  # the handshake has six at most, and a key update is rare


class RecordCount:
    """The records of one client, and how many of them had content."""

    def __init__(self) -> None:
        self._begun = self._with_content = 0
        self._head = b""
        self._left_bytes = 0  # of the record that has begun

    @property
    def is_exceeded(self) -> bool:
        """Tell whether the client sent too many records without content."""
        return self._begun - self._with_content > EMPTY_RECORDS

    def receive(self, data: memoryview) -> None:
        """Count the records that begin in what arrived."""
        at = 0
        while at < len(data):
            if self._left_bytes:
                step = min(self._left_bytes, len(data) - at)
                self._left_bytes -= step
            else:
                step = min(HEAD_BYTES - len(self._head), len(data) - at)
                self._head += data[at : at + step]
                if len(self._head) == HEAD_BYTES:
                    self._left_bytes = int.from_bytes(self._head[3:])
                    self._head = b""
                    self._begun += 1
            at += step

    def decrypt(self) -> None:
        """Count one record, or a part of one, that had content."""
        self._with_content += 1
