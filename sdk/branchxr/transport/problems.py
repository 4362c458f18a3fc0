"""Problem documents (RFC 9457) become errors."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ..errors import (
    ApiError,
    Conflict,
    NotFound,
    PermissionRefused,
    RateLimited,
    ServerFault,
    Unauthenticated,
)
from ..models import Problem
from ..operations import Operation

_CLASSES: Final[dict[int, type[ApiError]]] = {
    401: Unauthenticated,
    403: PermissionRefused,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Conflict,
    429: RateLimited,
}
_RETRYABLE: Final = frozenset({408, 429, 500, 502, 503, 504})


def error_of(
    raw: bytes,
    status: int,
    headers: Mapping[str, str],
    operation: Operation[Any, Any] | None = None,
) -> ApiError:
    """Turn an answer that is not the expected one into the error that says so.

    What is no problem document (a proxy's page, say) gets the class of its status all the same.
    """
    kind = _CLASSES.get(status) or (ServerFault if status >= 500 else ApiError)
    problem = _problem_of(raw)
    error = kind(
        (problem.expected or problem.title) if problem else "an answer of the branch",
        (problem.came if problem else "") or f"status {status}",
        (problem.remedy if problem else "") or "see docs/http.md for this code",
        code=problem.code if problem else None,
        status=status,
        request_id=(problem.request_id if problem else "") or headers.get("X-Request-Id", ""),
        retryable=status in _RETRYABLE or bool(problem and problem.retryable),
        retry_after_s=_seconds(headers.get("Retry-After")),
    )
    if error.code == "dpop_replayed":
        error.retryable = True
    if operation is not None and (status >= 500 or error.code == "dpop_replayed"):
        # A failure in the middle of work: the effect may stand. And where something on the way
        # repeated the request, proof and all, this answers the copy: the first may have worked.
        error.outcome_known = not outcome_unknown(operation, may_have_arrived=True)
    return error


def outcome_unknown(operation: Operation[Any, Any], *, may_have_arrived: bool) -> bool:
    """Whether an unanswered call may have had an effect."""
    return may_have_arrived and operation.method != "GET"


def _problem_of(raw: bytes) -> Problem | None:
    try:
        return msgspec.json.decode(raw, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _seconds(text: str | None) -> float | None:
    # RFC 9110 section 10.2.3 also allows a date; our branch sends seconds.
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
