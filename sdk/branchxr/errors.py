"""Every error that crosses the public front.

Catch `BranchXRError` and you have caught them all::

    BranchXRError
    ├── InputRefused            a value or a file that came in is not acceptable (CLI exit code 3)
    │   ├── InvalidMoney
    │   ├── SceneRefused            a scene that cannot be read
    │   └── PackageRefused          unsigned, tampered, or older than one already seen
    ├── MissingTool             an extra or a program is not installed (CLI exit code 4)
    ├── KeyRefused              a key store that does not open, a key that is wrong (exit code 3)
    ├── TransportError          the branch could not be asked, or did not answer
    │   ├── ConnectionFailed
    │   └── DeadlineExceeded
    ├── ApiError                the branch answered with a problem (RFC 9457)
    │   ├── Unauthenticated         401
    │   ├── PermissionRefused       403
    │   ├── NotFound                404
    │   ├── Conflict                409, 412, 422
    │   ├── RateLimited             429
    │   └── ServerFault             5xx
    ├── ApprovalError           a payment was not approved by its owner
    │   ├── Declined
    │   ├── IntentMismatch          the branch asks to sign something else than was asked for
    │   └── ApprovalExpired
    ├── ProtocolError           the peer does not speak the protocol
    └── StageError
        ├── NotOffered              this stage cannot do that
        └── ScriptFailed            a script raised

A message has three parts: what was expected, what came, what to do.
"""

from typing import ClassVar


class BranchXRError(Exception):
    """The root of all errors of this library.

    Attributes:
        code: stable, lower snake case; tests and programs may rely on it.
        retryable: the same call may succeed later.
        outcome_known: `False` means that the effect may have happened: ask, do not repeat.
    """

    default_code: ClassVar[str] = "error"
    retryable: bool = False
    outcome_known: bool = True

    def __init__(self, expected: str, came: str, remedy: str, *, code: str | None = None) -> None:
        super().__init__(expected, came, remedy)
        self.expected = expected
        self.came = came
        self.remedy = remedy
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"expected {self.expected}; got {self.came}; {self.remedy}"


class InputRefused(BranchXRError):
    """A value or a file that came in is not acceptable."""

    default_code = "input_refused"


class InvalidMoney(InputRefused):
    """An amount or currency that is not exactly what ISO 4217 allows."""

    default_code = "invalid_money"


class SceneRefused(InputRefused):
    """A scene file that cannot be read."""

    default_code = "scene_refused"


class PackageRefused(InputRefused):
    """A scene package that is unsigned, tampered with, or older than one already seen."""

    default_code = "package_refused"


class MissingTool(BranchXRError):
    """An extra or a program is not installed."""

    default_code = "missing_tool"


class KeyRefused(BranchXRError):
    """A key store that does not open, or a key that is wrong or unusable."""

    default_code = "key_refused"


class TransportError(BranchXRError):
    """The branch could not be asked, or did not answer.

    `outcome_known` is `False` when the request may have reached the branch.
    """

    default_code = "transport"
    retryable = True

    def __init__(
        self,
        expected: str,
        came: str,
        remedy: str,
        *,
        code: str | None = None,
        outcome_known: bool = True,
    ) -> None:
        super().__init__(expected, came, remedy, code=code)
        self.outcome_known = outcome_known


class ConnectionFailed(TransportError):
    """No connection to the branch, or it broke."""

    default_code = "connection_failed"


class DeadlineExceeded(TransportError):
    """The branch did not answer within the total deadline of a call."""

    default_code = "deadline_exceeded"


class ApiError(BranchXRError):
    """The branch answered with a problem document (RFC 9457).

    Attributes:
        status: HTTP status code.
        request_id: what to quote to whoever runs the branch.
        retry_after_s: how long the branch asks to wait, if it said so.
    """

    default_code = "api"

    def __init__(
        self,
        expected: str,
        came: str,
        remedy: str,
        *,
        code: str | None = None,
        status: int = 0,
        request_id: str = "",
        retryable: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(expected, came, remedy, code=code)
        self.status = status
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class Unauthenticated(ApiError):
    """401: the token or the key is wrong, expired or revoked."""

    default_code = "unauthenticated"


class PermissionRefused(ApiError):
    """403: who asks may not do this."""

    default_code = "permission_refused"


class NotFound(ApiError):
    """404: there is no such thing, or it is not yours."""

    default_code = "not_found"


class Conflict(ApiError):
    """409, 412 or 422: what was asked contradicts what is."""

    default_code = "conflict"


class RateLimited(ApiError):
    """429: too many of these; `retry_after_s` says how long to wait."""

    default_code = "rate_limited"


class ServerFault(ApiError):
    """5xx: the branch failed."""

    default_code = "server_fault"


class ApprovalError(BranchXRError):
    """A payment was not approved by its owner."""

    default_code = "approval"


class Declined(ApprovalError):
    """The person (or the policy that stands in for one) said no."""

    default_code = "declined"


class IntentMismatch(ApprovalError):
    """The branch asks to sign something else than was asked for."""

    default_code = "intent_mismatch"


class ApprovalExpired(ApprovalError):
    """The time to approve ran out."""

    default_code = "approval_expired"


class ProtocolError(BranchXRError):
    """The peer does not speak the protocol: a wrong length, an unknown field, a wrong order."""

    default_code = "protocol"


class StageError(BranchXRError):
    """A stage could not do what was asked."""

    default_code = "stage"


class NotOffered(StageError):
    """This stage cannot do that; see `stage.capabilities`."""

    default_code = "not_offered"


class ScriptFailed(StageError):
    """A script raised; its own exception is the cause."""

    default_code = "script_failed"
