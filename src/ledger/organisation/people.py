"""Who of the ledger is who at the provider, and who is blocked because the provider says so.

A person links their account with a fresh passkey; from then on only an administrator unlinks it, so
that nobody leaves the provider's reach before it ends them. A user of the directory is bound to a
link once, by its external id or its name; later renames change nothing.

Crash points: a block is kept before the user that is not active, and looked for again after it.
"""

import hashlib
from typing import NamedTuple

import msgspec

from ledger.errors import ConflictError, UnavailableError
from ledger.organisation.blocks import MOST_LINKS, BlockList
from ledger.organisation.provider import Identity
from ledger.organisation.scim import ScimUser
from ledger.organisation.scim_entries import user_entry, user_of
from ledger.store.ports.directory import Directory, DirectoryEntry

_TRIES = 20
_MOST_NAMED_ALIKE = 10


class AccountLink(msgspec.Struct, frozen=True):
    """A person's account at the provider; `user` is the id of their entry in the directory.

    `external_id` is that of the entry to which it was bound, also after that entry is deleted.
    """

    subject: str
    username: str
    linked_ms: int
    groups: tuple[str, ...] = ()
    user: str = ""
    external_id: str = ""


class Linked(NamedTuple):
    """A person and their link."""

    person: str
    link: AccountLink


class OrganisationPeople:
    """The links and blocks of one ledger, for one issuer."""

    def __init__(self, directory: Directory, issuer: str) -> None:
        self.directory = directory
        self.blocks = BlockList(directory)
        self._issuer = issuer

    def link_of(self, person: str) -> AccountLink | None:
        """Return a person's link, None without one."""
        entry = self.directory.entry("link", person)
        return None if entry is None else link_in(entry)

    def link(self, person: str, who: Identity, *, now_ms: int) -> None:
        """AccountLink a person, or keep what the provider says of them by now.

        Raises ConflictError `organisation_other` if the person or the account is another's.
        """
        for _ in range(_TRIES):
            kept = self.directory.entry("link", person)
            if kept is None:
                made = self._entry(
                    person, AccountLink(who.subject, who.username, now_ms, who.groups)
                )
                holder = self.directory.named("link", made.name)
                if (holder is not None and holder.id != person) or self._is_full():
                    raise _other()
                if self.directory.add(made):
                    break
                continue
            link = link_in(kept)
            if kept.name != self._name(who.subject):
                raise _other()
            new = msgspec.structs.replace(link, username=who.username, groups=who.groups)
            if new == link or self.directory.replace(self._entry(person, new, kept.version)):
                break
        else:
            raise _busy()
        self._bind(person)

    def unlink(self, person: str) -> bool:
        """Forget a person's link and block; False without a link."""
        kept = self.directory.entry("link", person)
        if kept is None:
            return False
        if (user := link_in(kept).user) and (entry := self.directory.entry("user", user)):
            freed = msgspec.structs.replace(user_of(entry), person="")
            self.directory.replace(user_entry(user, freed, entry.version))
        self.directory.forget("link", person)
        self.blocks.lift(person)
        return True

    def linked(self, *, limit: int) -> list[Linked]:
        """Return links, in the order of the persons' ids."""
        found = self.directory.page("link", skip=0, limit=limit)
        return [Linked(each.id, link_in(each)) for each in found]

    # --- what the directory says ----------------------------------------------------------------

    def before(self, user_id: str, user: ScimUser) -> ScimUser:
        """Block the person of a user that is not active, before it is kept; return it, bound."""
        user = self._bound(user_id, user)
        if user.person and user.active is False:
            self.blocks.announce(user.person, user.changed_ms, user_id)
        return user

    def after(self, user_id: str) -> None:
        """Let the block of a user's person be what the user that is kept by now says.

        It looks again after it lifts a block: the user may have been ended meanwhile.
        """
        entry = self.directory.entry("user", user_id)
        while entry is not None:
            user = self._bound(user_id, user_of(entry))
            if not user.person:
                return
            if user.person != user_of(entry).person:
                self.directory.replace(user_entry(user_id, user, entry.version))
            if user.active is False:
                self.blocks.block(user.person, user.changed_ms, user_id)
                return
            self.blocks.lift(user.person)
            now = self.directory.entry("user", user_id)
            if now is None:  # deleted meanwhile
                self.blocks.block(user.person, user.changed_ms, user_id)
                return
            if user_of(now).active is not False:
                return
            entry = now

    def gone(self, user: ScimUser, *, now_ms: int) -> None:
        """Block the person of a user that is deleted, before it is."""
        if not user.person:
            return
        self.blocks.block(user.person, now_ms)
        kept = self.directory.entry("link", user.person)
        if kept is not None:
            freed = msgspec.structs.replace(link_in(kept), user="")
            self.directory.replace(self._entry(user.person, freed, kept.version))

    def _bind(self, person: str) -> None:
        """Find the user of a person who has just linked."""
        link = self.link_of(person)
        if link is None:
            return
        found = self.directory.others("user", link.subject, limit=_MOST_NAMED_ALIKE)
        named = self.directory.named("user", link.username.lower()) if link.username else None
        for entry in found:
            self._free_of_name(entry, person)
        for entry in [*found, *([] if named is None else [named])]:
            kept = self.directory.entry("user", entry.id)
            if kept is not None and user_of(kept).person in ("", person):
                self.after(entry.id)
                return

    def _free_of_name(self, entry: DirectoryEntry, person: str) -> None:
        """Take a user, whose external id is this person's account, from who has it by a name.

        Names are what people call themselves at many providers.
        """
        user = user_of(entry)
        holder = self.directory.entry("link", user.person) if user.person else None
        if holder is None or user.person == person:
            return
        link = link_in(holder)
        if link.external_id == link.subject:
            return
        freed = msgspec.structs.replace(link, user="", external_id="")
        if self.directory.replace(self._entry(holder.id, freed, holder.version)):
            self.directory.replace(
                user_entry(entry.id, msgspec.structs.replace(user, person=""), entry.version)
            )

    def _bound(self, user_id: str, user: ScimUser) -> ScimUser:
        """Return a user with its person, if somebody is linked to it or can be."""
        if user.person:
            link = self.link_of(user.person)
            return user if link is not None else msgspec.structs.replace(user, person="")
        for entry in self._links_like(user):
            link = link_in(entry)
            if link.user and link.user != user_id and self.directory.entry("user", link.user):
                continue  # the directory has another user for them
            bound = msgspec.structs.replace(
                link, user=user_id, external_id=user.external_id or link.external_id
            )
            new = self._entry(entry.id, bound, entry.version)
            if link.user == user_id or self.directory.replace(new):
                return msgspec.structs.replace(user, person=entry.id)
        return user

    def _links_like(self, user: ScimUser) -> list[DirectoryEntry]:
        exact = None
        if user.external_id:
            exact = self.directory.named("link", self._name(user.external_id))
        if exact is not None:
            return [exact]
        # A name that two people gave themselves binds neither: the external id has to say it.
        found = self.directory.others("link", user.user_name.lower(), limit=2)
        if len(found) != 1:
            return []
        # Nor does a name that the directory gave to somebody else after its first owner left.
        known = link_in(found[0]).external_id
        return [] if known and user.external_id and known != user.external_id else found

    def _entry(self, person: str, link: AccountLink, version: int = 0) -> DirectoryEntry:
        name, other = self._name(link.subject), link.username.lower()
        return DirectoryEntry("link", person, name, other, msgspec.json.encode(link), version)

    def _name(self, subject: str) -> str:
        """Return the name of a subject's link: its length is fixed."""
        return hashlib.sha256(f"{self._issuer}\n{subject}".encode()).hexdigest()

    def _is_full(self) -> bool:
        return self.directory.count("link") >= MOST_LINKS


def link_in(entry: DirectoryEntry) -> AccountLink:
    """Return what an entry of kind `link` keeps."""
    return msgspec.json.decode(entry.body, type=AccountLink)


def _other() -> ConflictError:
    detail = "the person or the account of the organisation is linked otherwise"
    return ConflictError("organisation_other", detail)


def _busy() -> UnavailableError:
    return UnavailableError("state_unavailable", "the directory is changed by others; try again")
