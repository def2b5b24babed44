"""The offline verifier names the same one of two faults as the ledger does."""

from playwright.sync_api import Page

from tests.vectors.order.cases import for_javascript, requests

_EACH = """async (requests) => {
    const decisions = await import("/verify/domain/decisions.js");
    const { foundingValues } = await import("/verify/domain/charter_values.js");
    const results = [];
    for (const { kind, text, ledger, party, nowMs, person: given, statement: stated } of requests) {
        const person = { ...given, keys: new Map(given.keys), passkeys: new Map(given.passkeys) };
        const statement = { ...stated };
        for (const name of ["approvals", "rejections", "decided"]) {
            statement[name] = new Map(stated[name]);
        }
        const charter = {
            version: 1, types: new Map(), values: foundingValues("open"), restorations: [],
            losses: [],
        };
        const context = { ledger, party, nowMs, charter };
        const people = new Map([[person.user, person]]);
        try {
            if (kind === "approval") {
                const body = { jws: text, assertion: null };
                await decisions.decideApproval(statement, body, person, people, context);
            } else if (kind === "rejection") {
                const body = { act: text, assertion: null };
                await decisions.decideRejection(statement, body, person, people, context);
            } else if (kind === "retraction") {
                const body = { act: text, assertion: null };
                await decisions.decideRetraction(statement, body, person, people, context);
            } else {
                const body = { act: text };
                await decisions.decideWithdrawal(statement, body, person, people, context);
            }
            results.push(null);
        } catch (error) {
            results.push(error.code ?? String(error));
        }
    }
    return results;
}"""


def test_of_two_faults_the_page_names_the_one_that_is_checked_first(page: Page) -> None:
    tried = requests()
    found = page.evaluate(_EACH, [for_javascript(each) for each in tried])
    wrong = [
        (each.kind, each.faults, each.expected, code)
        for each, code in zip(tried, found, strict=True)
        if code != each.expected
    ]
    assert wrong == []
