"""What `ledger recover` does: record the invitations, publish the log, print the links."""

import asyncio
from collections.abc import Sequence
from contextlib import closing

from ledger.cli.log_actions import writing
from ledger.commands.log_keys import own_key
from ledger.commands.operator_recovery import recover as invite
from ledger.commands.writer import Writer
from ledger.http.security_record import record_command
from ledger.settings import Settings
from ledger.store.async_log import AsyncLog


def recover(settings: Settings, lost: Sequence[str], reason: str) -> None:
    """Invite people to governance; print each link, which is stored nowhere."""
    with writing(settings) as opened:
        key = own_key(opened.log, settings)
        with closing(AsyncLog(opened.log.store, lambda _: None)) as commits:
            invited = asyncio.run(invite(Writer(commits, opened.clock), key, lost, reason))
        record_command(settings.security_log, "operator_recovery")
    event = invited.event
    print(f"Recovery {event.recovery} is announced to everybody who signs in.")
    print(f"The links work from {event.active_from} until {event.expires_at}.")
    print("They are not stored. Give each to one person, over a channel that only they read:")
    for role, secret in invited.links:
        print(f"  {role}: {settings.origin}/register#invitation={secret}")
