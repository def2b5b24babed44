"""What every act says: when it was signed, and for which ledger."""

import msgspec

from ledger.encoding import SafeInteger


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="act"):
    """The members of every act: the time (`iat`, whole seconds) and the ledger's origin."""

    iat: SafeInteger
    ledger: str
