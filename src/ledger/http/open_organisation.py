"""Open the organisation's sign-in of a running ledger, if its settings have one."""

from collections.abc import Callable
from contextlib import ExitStack, closing

from ledger.commands.writer import Writer
from ledger.errors import LedgerError, MalformedError
from ledger.http.organisation_cookies import OrganisationCookies
from ledger.http.organisation_gate import Organisation
from ledger.http.read_models import ReadModels
from ledger.http.scim import BASE
from ledger.organisation.blocks import MOST_LINKS, KnownBlocks
from ledger.organisation.people import OrganisationPeople
from ledger.organisation.provider import Provider
from ledger.organisation.scim_service import ScimService
from ledger.settings import Settings
from ledger.store.async_state import AsyncState
from ledger.store.engines import open_directory
from ledger.system.organisation_settings import ISSUER
from projections import erasures


def start_organisation(organisation: Organisation | None, models: ReadModels) -> None:
    """Begin to read who is blocked, in a background thread."""

    def erased() -> list[str]:
        try:
            with models.views() as (db, at):
                found = erasures.newest_names(db, at=at, limit=MOST_LINKS)
        except LedgerError:  # the read models are rebuilt: look again later
            return []
        return [each.person for each in found]

    if organisation is not None:
        organisation.blocks.start(erased)


def open_organisation(
    settings: Settings,
    state: AsyncState,
    writer: Writer,
    now_ms: Callable[[], int],
    opened: ExitStack,
) -> Organisation | None:
    """Return the organisation's sign-in, not started; `opened` stops and closes it.

    Raises MalformedError `setting_invalid` without joserfc.
    """
    found = settings.organisation
    if found is None:
        return None
    try:
        import joserfc  # noqa: F401  # an extra: say at the start that it is missing
    except ImportError as error:
        detail = f"{ISSUER} needs joserfc: install approval-ledger[oidc]"
        raise MalformedError("setting_invalid", detail) from error
    directory = opened.enter_context(closing(open_directory(settings.log_address, settings.data)))
    people = OrganisationPeople(directory, found.issuer)

    def tell(blocked: frozenset[str]) -> None:
        writer.blocked = blocked if found.scim_tokens else frozenset()

    blocks = KnownBlocks(people.blocks, tell, people.unlink)
    opened.callback(blocks.stop)
    scim = None
    if found.scim_tokens:
        scim = ScimService(people, f"{settings.origin}{BASE}", now_ms, blocks.refresh)
    cookies = OrganisationCookies(state.ceremony_key, secure=not settings.is_local_http)
    provider = Provider(found, settings.origin)
    made = Organisation(found, provider, people, blocks, cookies, state, now_ms, scim)
    opened.callback(made.close)
    return made
