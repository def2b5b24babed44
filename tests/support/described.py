"""The OpenAPI document of a server, and answers compared with it."""

import os
import re
from typing import Any

import httpx
import schemathesis
from schemathesis import Case, CheckFunction
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema

# How much: a minute's worth in everyday tests, half an hour where `make hostile` says "long".
IS_LONG = os.environ.get("LEDGER_HOSTILE") == "long"
DESCRIBED: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CHECKS: list[CheckFunction] = [not_a_server_error, *DESCRIBED]
# What the document forbids is refused, with whichever refusal comes first.
STRICT: list[CheckFunction] = [*CHECKS, negative_data_rejection]
_REFUSALS = {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}}

Operation = APIOperation[Any, Any, Any, Any]


def fetch(origin: str) -> dict[str, Any]:
    """Return a server's document."""
    found: dict[str, Any] = httpx.get(f"{origin}/schema/openapi.json").json()
    return found


def load(description: dict[str, Any]) -> OpenApiSchema:
    """Return a document as what requests and checks are made from."""
    return schemathesis.openapi.from_dict(
        description, config=SchemathesisConfig.from_dict(_REFUSALS)
    )


def operations(description: dict[str, Any], *, left_out: list[str]) -> list[Operation]:
    """Return the operations of a document, but those of some paths."""
    schema = load(description).exclude(path=left_out)
    return [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]


def check_answer(
    schema: OpenApiSchema, answer: httpx.Response, checks: list[CheckFunction] = CHECKS
) -> str:
    """Compare an answer with the document; return the label of its operation."""
    request = answer.request
    operation = schema.find_operation_by_path(request.method, request.url.path)
    assert operation is not None, request.url
    names = re.findall(r"{(\w+)}", operation.path)
    case: Case[Any] = operation.Case(path_parameters=dict.fromkeys(names, "any"))
    case.validate_response(answer, checks=checks)
    label: str = operation.label
    return label
