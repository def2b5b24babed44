"""One attempt to deliver a webhook's message, and its result.

The receiver's answer counts by its status alone: 2xx is success, everything else is not, and no
redirect is followed. What it wrote is read up to a limit and forgotten, so that nobody reads by a
webhook what the server can reach.
"""

import time
from collections.abc import Collection
from typing import NamedTuple

from ledger.errors import LedgerError, MalformedError, RefusedError, UnavailableError
from ledger.messages.signature import signed_headers
from ledger.store.ports.messages import Message, Webhook
from ledger.system.http_client import HttpClient
from ledger.system.outward import checked_address, parse_target

MAX_ANSWER_BYTES = 65_536
GONE = 410


class SendResult(NamedTuple):
    """The result of an attempt, in words; `reached` tells whether anything answered over HTTP."""

    is_delivered: bool
    said: str
    reached: bool = True
    is_gone: bool = False
    retry_after_s: int = 0


def deliver(webhook: Webhook, message: Message, private_hosts: Collection[str]) -> SendResult:
    """Send a message once to its webhook's address, which is checked now."""
    try:
        target = parse_target(webhook.url, private_hosts)
        address = checked_address(target, private_hosts)
        client = HttpClient(target.prefix, max_bytes=MAX_ANSWER_BYTES, address=address)
        headers = signed_headers(webhook.secret, message.id, message.body, now_s=round(time.time()))
        try:
            answer = client.post(target.path, message.body, "application/json", headers=headers)
        finally:
            client.close()
    except (MalformedError, RefusedError) as error:
        return SendResult(is_delivered=False, said=error.detail, reached=False)
    except UnavailableError as error:
        return SendResult(is_delivered=False, said=_reason(error), reached=False)
    if 200 <= answer.status < 300:
        return SendResult(is_delivered=True, said=f"HTTP {answer.status}")
    said = f"HTTP {answer.status}"
    if 300 <= answer.status < 400:
        said += ", a redirect, which is not followed"
    is_gone = answer.status == GONE
    return SendResult(
        is_delivered=False, said=said, is_gone=is_gone, retry_after_s=answer.retry_after_s
    )


def _reason(error: LedgerError) -> str:
    """Return why nothing answered, without the address: it can hold a secret."""
    cause = error.__cause__
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, ConnectionRefusedError):
        return "the connection was refused"
    if cause is None:
        return error.detail
    return f"the connection failed ({type(cause).__name__})"
