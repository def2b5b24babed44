"""What a browser may run on our pages: the files of this server, and nothing else."""

from ledger.http.headers import security_headers


def policy() -> dict[str, list[str]]:
    """Return the sources of each directive."""
    text = security_headers("https://ledger.example.com")["content-security-policy"]
    found = [directive.split() for directive in text.split("; ")]
    return {name: sources for name, *sources in found}


def test_a_page_loads_scripts_and_styles_of_this_server() -> None:
    assert {name: policy()[name] for name in ("style-src", "connect-src", "form-action")} == {
        "style-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
    }


def test_no_text_on_a_page_runs_as_a_script() -> None:
    found = policy()
    assert found["script-src"] == ["'self'"]
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    assert found["require-trusted-types-for"] == ["'script'"]
    assert found["trusted-types"] == ["'none'"]
