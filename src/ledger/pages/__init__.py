"""The web pages: server-rendered, readable without scripts, enhanced by web/static/js."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig

from ledger.domain.cautions import listed as listed_cautions
from ledger.domain.content import shown_pointer
from ledger.domain.quoting import quoted
from ledger.domain.visible import digit_groups, is_quoted, visible
from ledger.http.assets import Assets
from ledger.http.catalogue import catalogue
from ledger.http.languages import LANGUAGES, language
from ledger.pages import access as _access
from ledger.pages import account as _account
from ledger.pages import approvals as _approvals
from ledger.pages import certificate as _certificate
from ledger.pages import choosing_language as _choosing_language
from ledger.pages import erasures as _erasures
from ledger.pages import feeds as _feeds
from ledger.pages import governance as _governance
from ledger.pages import history as _history
from ledger.pages import leaving as _leaving
from ledger.pages import messages as _messages
from ledger.pages import organisation as _organisation
from ledger.pages import people as _people
from ledger.pages import person as _person
from ledger.pages import policy_texts
from ledger.pages import questions as _questions
from ledger.pages import roles as _roles
from ledger.pages import routes as _routes
from ledger.pages import setup as _setup
from ledger.pages import statement as _statement
from ledger.pages import types as _types
from ledger.pages import webhooks as _webhooks
from ledger.pages.error_page import for_people
from ledger.pages.headings import in_groups
from ledger.pages.spoken_words import speaker
from ledger.pages.texts import text, texts_of
from ledger.pages.verifier import verifier
from ledger.pages.web import Web
from ledger.pages.worded import compared
from ledger.pages.words import scope_of

__all__ = ["ROUTES", "Web", "for_people", "template_config", "verifier"]

ROUTES = [
    _routes.home,
    _routes.register,
    _routes.sign_in,
    _routes.statement_list,
    _routes.inbox_list,
    _approvals.approvals,
    _routes.draft,
    _statement.statement,
    _statement.by_digest,
    _statement.digest_code,
    _certificate.certificate,
    _account.account,
    _account.lost,
    _account.end,
    _account.codes,
    _account.recover,
    _account.device,
    _history.history,
    _questions.ask,
    _people.people,
    _person.person,
    _roles.roles,
    _erasures.erasures,
    _types.types,
    _types.define,
    _governance.governance,
    _setup.setup,
    _access.access,
    _webhooks.webhooks,
    _organisation.begin,
    _organisation.callback,
    _organisation.organisation_page,
    _messages.messages,
    _feeds.inbox_feed,
    _feeds.deadlines,
    _leaving.ask_to_leave,
    _leaving.leave,
    _choosing_language.choose_language,
]


def template_config(assets: Assets) -> TemplateConfig[JinjaTemplateEngine]:
    """Return the template engine for the application, with the functions that templates call.

    It reads the catalogue: a refusal must need no file when the process has none left.
    """
    for tag in LANGUAGES:
        catalogue(tag)
    environment = Environment(
        loader=FileSystemLoader(assets.templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static": assets.url,
        "modules": assets.modules,
        "tree_hash": assets.tree_hash,
        "visible": visible,
        "digit_groups": digit_groups,
        "is_quoted": is_quoted,
        "compared": compared,
        "listed_cautions": listed_cautions,
        "in_groups": in_groups,
        "shown_pointer": shown_pointer,
        "quoted": quoted,
        "scope_of": scope_of,
        "spoken": speaker(assets.files["words.txt"].content.decode()),
        "moment": policy_texts.moment,
        "moment_s": policy_texts.moment_s,
        "t": text,
        "language": language,
        "languages": LANGUAGES,
        "texts_of": texts_of,
    }
    return TemplateConfig(instance=JinjaTemplateEngine(engine_instance=environment))
