"""`/openapi.json` (OpenAPI 3.1), made from the table of operations."""

import re
from collections import defaultdict
from typing import Any, Final

import msgspec

from .._version import __version__
from ..models import Nothing, Problem
from ..operations import COMMON_ERRORS, OPERATIONS, Operation
from .problems import status_of

AnyOperation = Operation[msgspec.Struct, msgspec.Struct]

_REFERENCES: Final = "#/components/schemas/{name}"


def document() -> dict[str, Any]:
    """Return the whole document as JSON values."""
    kinds = {kind for found in OPERATIONS for kind in (found.request, found.response)} | {Problem}
    ordered = sorted(kinds - {Nothing}, key=lambda kind: kind.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REFERENCES)
    names = dict(zip(ordered, schemas, strict=True))
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method.lower()] = _operation(operation, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "BranchXR branch", "version": __version__, "license": _LICENSE},
        "paths": dict(paths),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "dpop": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "DPoP",
                    "description": "A proof of possession for each request (RFC 9449, ES256).",
                },
                "token": {
                    "type": "http",
                    "scheme": "DPoP",
                    "description": "An access token bound to the key of the proof.",
                },
            },
        },
    }


_LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _operation(operation: AnyOperation, names: dict[type, dict[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation, names),
        "security": _security(operation),
    }
    parameters = _parameters(operation)
    if parameters:
        described["parameters"] = parameters
    if operation.scope is not None:
        described["x-scope"] = operation.scope.value
    if operation.method != "GET" and operation.request is not Nothing:
        content = {"application/json": {"schema": names[operation.request]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _security(operation: AnyOperation) -> list[dict[str, list[str]]]:
    if operation.scope is not None:
        return [{"token": [], "dpop": []}]
    return [{"dpop": []}] if operation.is_proof_only else []


def _parameters(operation: AnyOperation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    if operation.is_keyed:
        pattern = "^[A-Za-z0-9_-]{16,64}$"
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Kept for ever; another request under the same key is refused.",
                "schema": {"type": "string", "pattern": pattern},
            }
        )
    return found


def _responses(operation: AnyOperation, names: dict[type, dict[str, Any]]) -> dict[str, Any]:
    good: dict[str, Any] = {
        "description": operation.summary,
        "content": {"application/json": {"schema": names[operation.response]}},
    }
    if operation.links:
        good["links"] = {
            target: {
                "operationId": target,
                "parameters": {
                    name: f"$response.body#/{field}" for name, field in parameters.items()
                },
            }
            for target, parameters in operation.links.items()
        }
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in (*operation.errors, *COMMON_ERRORS):
        by_status[status_of(code)].append(code)
    responses = {str(operation.status): good}
    for status, codes in sorted(by_status.items()):
        problem = {**names[Problem], "description": "RFC 9457"}
        responses[str(status)] = {
            "description": "Refused: " + ", ".join(f"`{code}`" for code in dict.fromkeys(codes)),
            "content": {"application/problem+json": {"schema": problem}},
        }
    return responses
