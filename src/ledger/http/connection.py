"""HTTP/1.1 connections that are bounded before any request is worked on.

uvicorn with httptools bounds neither heads nor bodies nor time; this protocol adds that, and what
RFC 9112 asks of a server that is on the internet without a proxy. A refusal is a problem document
(RFC 9457) after the answers to the requests accepted earlier, then the connection closes.
"""

import asyncio
import time

import httptools

from ledger.http.admission import Admission, Phase, address_of
from ledger.http.cycle import CycleProtocol
from ledger.http.exchange import new_request_id
from ledger.http.refusal import refusal, server_options
from ledger.http.request_head import refused_head, told_bytes

# A read has up to 256 KiB: 43,000 chunks of one byte, each a call.
SLICE_BYTES = 4 * 1024
UNREAD_HEADS = 8  # how many more heads a refused client may send before nobody reads


class Connection(CycleProtocol):
    """A connection that `admission` has let in, or refuses."""

    admission: Admission

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count a new connection, or refuse it and close."""
        super().connection_made(transport)
        self._limits = self.admission.limits
        self._phase, self._since_s = Phase.IDLE, time.monotonic()
        self._address = address_of(self.client)
        self._head_bytes = self._parsed_bytes = self._lines = 0
        self._told_bytes = self._coded_bytes = self._body_bytes = self._held_bytes = 0
        # Requests whose head began, and those that were accepted and are not answered yet.
        self._begun = self._unanswered = 0
        self._stalled_s: float | None = None
        self._farewell: bytes | None = None  # a refusal that waits for earlier answers
        self._unread_bytes = self._limits.body_bytes  # how much is dropped while closing
        refused = self.admission.enter(self, self._address)
        if refused is not None:
            self._phase = Phase.CLOSING
            self.transport.write(self._refusal(refused))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the connection held."""
        self.admission.leave(self, self._address)
        self._release()
        self._phase = Phase.CLOSING
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, slice by slice: a refusal ends the work on the rest."""
        if self._phase is Phase.CLOSING:  # who goes on sending much costs nothing more
            self._unread_bytes -= len(data)
            if self._unread_bytes < 0:
                self.flow.pause_reading()
            return
        start = 0
        while start < len(data):
            # What is left of a body whose length was told is one part, without a call for each.
            end = start + max(SLICE_BYTES, self._told_bytes - self._body_bytes)
            self._parse(data[start:end])
            start = end

    def _parse(self, data: bytes) -> None:
        """Parse within the limits of the phase that the bytes arrived in."""
        if self._phase is Phase.CLOSING:
            return  # since an earlier slice
        began_in, begun = self._phase, self._begun
        if began_in is Phase.BODY:
            self._coded_bytes += len(data)
        try:
            self.feed(data)
        except httptools.HttpParserUpgrade:
            self._close_after_answers(None)  # an offer that may be ignored (RFC 9110 section 7.8)
            return
        except httptools.HttpParserError:
            self._refuse_if(True, 400)
            return
        # Blank lines before a head count like one; what else is before it is of another request.
        alone = self._begun == begun or (began_in is Phase.IDLE and self._begun == begun + 1)
        if alone and self._phase in (began_in, Phase.HEAD) and self._phase is not Phase.BODY:
            self._head_bytes += len(data)
            self._refuse_if(self._head_bytes > self._limits.head_bytes, 431)
        elif self._phase is Phase.BODY:
            allowed = self._limits.overhead_bytes + 2 * self._body_bytes
            self._refuse_if(self._coded_bytes > allowed, 400)

    def shutdown(self) -> None:
        """Close at the stop of the server; a refused client has been told."""
        if self._phase is Phase.CLOSING and not self._unanswered:
            self.transport.abort()
        super().shutdown()

    def pause_writing(self) -> None:
        """Note since when the client does not read."""
        self._stalled_s = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        self._stalled_s = None
        super().resume_writing()

    def end_if_late(self, now_s: float) -> None:
        """End a connection that has been in its phase for too long."""
        limits, waited_s = self._limits, now_s - self._since_s
        if self._stalled_s is None and self.transport.is_closing():
            self._stalled_s = now_s  # too little is unsent for the loop to call it stalled
        if self._stalled_s is not None and now_s - self._stalled_s > limits.write_s:
            self.transport.abort()
        elif self._phase is Phase.CLOSING:
            if waited_s > limits.linger_s and not self._unanswered:
                self.transport.abort()
        elif self._phase is Phase.IDLE:
            if waited_s > limits.idle_s:
                self.transport.close()
        elif self.flow.read_paused:  # it is the server that does not read
            self._since_s = now_s
        elif self._phase is Phase.HEAD:
            self._refuse_if(waited_s > limits.head_s, 408)
        elif self._phase is Phase.BODY:
            allowed_s = limits.body_s + self._body_bytes / limits.body_bytes_per_s
            self._refuse_if(waited_s > allowed_s, 408)

    def waits_since(self) -> float | None:
        """Return since when there is no whole request whose answer the client reads, or None."""
        if self._stalled_s is not None:
            return self._stalled_s
        return None if self._unanswered > (self._phase is Phase.BODY) else self._since_s

    def give_way(self) -> None:
        """End the connection at once."""
        self.admission.count_refusal(503, self._address, new_request_id())
        self._phase = Phase.CLOSING
        self.transport.abort()

    # --- the parser's calls ---------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        if self._phase is Phase.CLOSING:
            return
        super().on_message_begin()
        self._enter(Phase.HEAD)
        self._begun += 1
        self._head_bytes = self._parsed_bytes = self._lines = 0
        self._told_bytes = self._coded_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the request target."""
        if self._phase is Phase.HEAD:
            super().on_url(url)
            self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line; count a trailer line, which nothing here reads."""
        if self._phase is Phase.CLOSING:
            return
        self._lines += 1
        self._refuse_if(self._lines > self._limits.header_lines, 431)
        if self._phase is not Phase.HEAD:
            return  # uvicorn would add a trailer to the headers that the application already has
        super().on_header(name, value)
        self._count_head(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Decide on the head alone whether the request is taken."""
        if self._phase is not Phase.HEAD:
            return
        version, method = self.parser.get_http_version(), self.parser.get_method()
        most = self._limits.body_bytes
        status = refused_head(version, method, self.url, self.headers, max_body_bytes=most)
        if status is not None:
            self._refuse_if(True, status)
        elif method == b"OPTIONS" and self.url == b"*":
            self._close_after_answers(server_options(new_request_id()))
        elif len(self.pipeline) >= self._limits.pipelined:
            self._close_after_answers(None)
        else:
            self._unanswered += 1
            self._told_bytes = told_bytes(self.headers)
            self._enter(Phase.BODY)
            super().on_headers_complete()

    def take_body(self, body: bytes) -> None:
        """Hold a part of the body until the request is answered."""
        if self._phase is not Phase.BODY:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.body_bytes:
            self._refuse_if(True, 413)
        elif not self.admission.has_room(len(body), of_bytes=self._body_bytes):
            self._refuse_if(True, 503)
        elif not self.cycle.response_complete:  # otherwise nobody reads it any more
            self._held_bytes += len(body)
            self.admission.hold(len(body))
            super().take_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.take_parts()
        if self._phase is not Phase.BODY:
            return
        super().on_message_complete()
        self._head_bytes = 0
        self._enter(Phase.WORK if self._unanswered else Phase.IDLE)

    def close_after_answer(self) -> None:
        """Close, or wait for the client to notice an answer that came before its body's end."""
        if self._phase is Phase.BODY:
            self._say_farewell(b"")
        else:
            super().close_after_answer()

    def on_response_complete(self) -> None:
        """An answer is complete: give its body's bytes back, go on, or say farewell."""
        self._unanswered -= 1
        if not self._unanswered:
            self._release()
            if self._phase is Phase.WORK:
                self._enter(Phase.IDLE)
        super().on_response_complete()
        if self._phase is Phase.CLOSING and not self._unanswered:
            self._say_farewell(self._farewell)

    def _count_head(self, count: int) -> None:
        self._parsed_bytes += count
        if self._parsed_bytes > self._limits.head_bytes:
            self._refuse_if(True, 431)

    def _refuse_if(self, refused: bool, status: int) -> None:
        if not refused or self._phase is Phase.CLOSING:
            return
        farewell = self._refusal(status)
        if self._phase is not Phase.BODY:
            self._unread_bytes = UNREAD_HEADS * self._limits.head_bytes
        elif self.cycle.response_complete:
            self._close_after_answers(None)  # this request has had its answer
            return
        else:
            self._abandon_request()
        self._close_after_answers(farewell)

    def _refusal(self, status: int) -> bytes:
        """Count a refusal and return its answer."""
        request_id = new_request_id()
        self.admission.count_refusal(status, self._address, request_id)
        return refusal(status, request_id, self.headers or ())

    def _abandon_request(self) -> None:
        """Drop the request whose body is arriving; an answer that has begun ends with it."""
        self._unanswered -= 1
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
            return
        if self.cycle.response_started:
            self.transport.close()
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _close_after_answers(self, farewell: bytes | None) -> None:
        """Answer what was accepted, then send `farewell` if there is one, and close."""
        self._enter(Phase.CLOSING)
        self._farewell = farewell
        if not self._unanswered:
            self._say_farewell(self._farewell)
        elif farewell is None:
            self.cycle.keep_alive = False  # its answer says so

    def _say_farewell(self, farewell: bytes | None) -> None:
        self._farewell = None
        if farewell is None:
            self.transport.close()
        elif not self.transport.is_closing():
            self.transport.write(farewell)
            # A socket that is closed with bytes unread is reset, and the client may lose the
            # answer: the sweep closes it after `linger_s`. TLS itself waits that long.
            if self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()
            self._enter(Phase.CLOSING)

    def _release(self) -> None:
        self.admission.hold(-self._held_bytes)
        self._held_bytes = 0

    def _enter(self, phase: Phase) -> None:
        self._phase, self._since_s = phase, time.monotonic()
