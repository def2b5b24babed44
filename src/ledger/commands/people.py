"""Commands on people, grouped by subject. They load, decide and save; no rule lives here."""

from ledger.commands.acceptance import AcceptanceCommands
from ledger.commands.ceremonies import Ceremonies
from ledger.commands.changes import ChangeCommands
from ledger.commands.device_links import DeviceLinkCommands
from ledger.commands.devices import DeviceCommands
from ledger.commands.invitations import InvitationCommands
from ledger.commands.keys import KeyCommands
from ledger.commands.operator_recovery import OperatorRecoveryCommands
from ledger.commands.passkeys import PasskeyCommands
from ledger.commands.recovering import RecoveryCommands
from ledger.commands.registration import RegistrationCommands
from ledger.commands.service_accounts import ServiceAccountCommands
from ledger.commands.sign_in import SignInCommands
from ledger.commands.standing import StandingCommands
from ledger.commands.wrapped_keys import WrappedKeyCommands
from ledger.commands.writer import Writer
from ledger.store.async_state import AsyncState


class PeopleCommands:
    """All commands on people, and the changes that administer them."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        ceremonies = Ceremonies(writer, state)
        self.invitations = InvitationCommands(writer)
        self.registration = RegistrationCommands(writer, ceremonies)
        self.sign_in = SignInCommands(writer, state, ceremonies)
        self.keys = KeyCommands(writer, state, ceremonies)
        self.service_accounts = ServiceAccountCommands(writer, state, ceremonies)
        self.wrapped_keys = WrappedKeyCommands(writer, state)
        self.passkeys = PasskeyCommands(writer, state, ceremonies)
        self.device_links = DeviceLinkCommands(writer, state, self.passkeys, self.sign_in)
        self.recovering = RecoveryCommands(writer, state, ceremonies)
        self.operator_recovery = OperatorRecoveryCommands(writer, state)
        self.devices = DeviceCommands(writer, state)
        self.standing = StandingCommands(writer, state)
        self.acceptance = AcceptanceCommands(writer, state)
        self.changes = ChangeCommands(writer, state)
