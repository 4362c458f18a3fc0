"""The table of operations, and what is made from it: OpenAPI, docs/http.md, the problems."""

import re
from pathlib import Path
from typing import Any

import pytest

from branchxr.errors import ApiError
from branchxr.operations import COMMON_ERRORS, OPERATIONS
from branchxr.server.openapi import document
from branchxr.server.problems import CODES, problem_of, refusal, status_of
from branchxr.server.reference import reference

ROOT = Path(__file__).parents[2]


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if "$ref" in value else set()
        return found.union(*map(references, value.values()))
    if isinstance(value, list):
        return set().union(*map(references, value))
    return set()


def test_every_operation_is_described_once() -> None:
    described = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    assert described == {o.name: (o.method, o.path) for o in OPERATIONS}


def test_every_reference_leads_somewhere() -> None:
    made = document()
    schemas = made["components"]["schemas"]
    assert references(made) == {f"#/components/schemas/{name}" for name in schemas}


def test_every_link_leads_to_an_operation_and_its_parameters() -> None:
    by_name = {operation.name: operation for operation in OPERATIONS}
    for operation in OPERATIONS:
        for target, parameters in operation.links.items():
            names = set(re.findall(r"\{(\w+)\}", by_name[target].path))
            assert set(parameters) == names
            assert set(parameters.values()) <= set(operation.response.__struct_fields__)


def test_what_openapi_asks_of_a_document() -> None:
    made = document()
    assert made["openapi"].startswith("3.1.")
    assert made["info"]["title"]
    assert made["info"]["version"]
    schemes = set(made["components"]["securitySchemes"])
    for path, methods in made["paths"].items():
        wanted = set(re.findall(r"\{(\w+)\}", path))
        for operation in methods.values():
            given = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert given == wanted
            assert all(p["required"] for p in operation.get("parameters", []))
            assert {name for need in operation["security"] for name in need} <= schemes
            for status, response in operation["responses"].items():
                assert re.fullmatch(r"[2-5]\d\d", status)
                assert response["description"]


def test_every_code_has_a_problem_and_a_class() -> None:
    named = {code for operation in OPERATIONS for code in operation.errors} | {*COMMON_ERRORS}
    assert named <= CODES
    for code in CODES:
        error = refusal(code, "x")
        assert isinstance(error, ApiError)
        assert (error.code, error.status) == (code, status_of(code))
        assert problem_of(error, "r").status == error.status


def test_the_page_about_http_is_current() -> None:
    page = (ROOT / "docs" / "http.md").read_text("utf-8")
    assert page == reference(), "python -m branchxr.server.reference > docs/http.md"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_it_is_served(world: Any, branch: Any, method: str) -> None:
    caller = await world.caller(branch)
    answer = await caller.http.request(method, "/openapi.json")
    assert answer.status_code == 200
    assert method == "HEAD" or answer.json() == document()


async def test_an_answer_is_what_the_document_says(ada: Any) -> None:
    schemas = document()["components"]["schemas"]
    payment = await ada.begin()
    assert set(payment) <= set(schemas["Payment"]["properties"])
    assert set(schemas["Payment"]["required"]) <= set(payment)
