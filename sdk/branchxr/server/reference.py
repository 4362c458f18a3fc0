"""`docs/http.md`, made from the table of operations.

python -m branchxr.server.reference > docs/http.md
"""

import sys
from collections.abc import Iterator

import msgspec

from ..models import Nothing
from ..operations import COMMON_ERRORS, OPERATIONS, Operation
from .problems import explanation_of, status_of

_HEAD = """\
<!-- Made by `python -m branchxr.server.reference > docs/http.md`; do not edit by hand. -->

# The branch's HTTP operations

`/openapi.json` of a running branch says the same for machines. Scene files are plain files below
`scene.base` of the branch's description; see `docs/scene-package.md`. Bodies are JSON
(`application/json`, at most 64 kB); duplicate keys and unknown fields are refused.

**Proofs and tokens.** `Authorization: DPoP <access token>` and a `DPoP` header: a fresh proof for
this method and address, ES256, with the token's hash (RFC 9449). A proof is good once, for a
minute. Tokens mean nothing by themselves; the branch keeps only their hashes. A refresh token is
good once: a second use ends the session. Only when the reply may have been lost (the same key asks
again within a minute, and nothing of that reply was used) are other tokens given in its place.

**After a restart** proofs from before it are refused (`rate_limited`, with `Retry-After`): the
branch no longer knows which of them were used. Clocks that are right notice nothing; an `iat` of
whole seconds may have to wait for one.

**Repeating.** GET may be repeated, and a POST with an `Idempotency-Key`. A key is made before the
first try, is the customer's own and is kept for ever. The answer to a repetition is where the
payment stands now; another request under the same key is refused.

**Paying.** `begin_payment` answers with the intent: canonical JSON (RFC 8785) of exactly what is
signed. The WebAuthn challenge is SHA-256 of `branchxr/sca/v1\\0` followed by those bytes; clients
compute it from the bytes they show (`tests/vectors/intent.json`). `authorize_payment` checks and
posts in one transaction; the same signature again gets the same outcome, refusals included. After
five failed signatures, or two minutes, a payment is over.

**Passkeys and assurance.** `attested`: its maker's certificate chain was verified. `platform`: its
AAGUID is on a list of platforms' passkeys; these do not attest themselves, so that is the
authenticator's own claim and software can lie about it. `unattested`: anything else. `soft`: it
says itself that it is software. A development branch takes all four, with a limit per payment for
each; otherwise `attested` and, with a lower limit, `platform` are taken, and the rest is refused
(`assurance_too_low`).

**Refusals** are problem documents (`application/problem+json`, RFC 9457) with a stable `code`, an
`expected`, a `came` and a `remedy` for people, and the `request_id` of the log.
"""

AnyOperation = Operation[msgspec.Struct, msgspec.Struct]


def reference() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_operations(), *_structs(), *_codes()]).rstrip() + "\n"


def _operations() -> Iterator[str]:
    yield "## Operations\n"
    for operation in OPERATIONS:
        yield f"### `{operation.method} {operation.path}` · {operation.name}\n"
        yield f"{operation.summary}.\n"
        needs = "nothing"
        if operation.scope is not None:
            needs = f"a token with scope `{operation.scope.value}`"
        elif operation.is_proof_only:
            needs = "a proof, no token"
        keyed = " and an `Idempotency-Key`" if operation.is_keyed else ""
        request = "no body" if operation.request is Nothing else _link(operation.request)
        yield f"- Needs {needs}{keyed}; {request}."
        yield f"- Answers {operation.status} with {_link(operation.response)}."
        if operation.errors:
            codes = ", ".join(f"`{code}`" for code in dict.fromkeys(operation.errors))
            yield f"- Refuses with {codes}, and what any operation may refuse with."
        for target in operation.links:
            yield f"- Leads to `{target}`."
        yield ""
    common = ", ".join(f"`{code}`" for code in COMMON_ERRORS)
    yield f"Any operation may refuse with {common}.\n"


def _structs() -> Iterator[str]:
    yield "## Values\n"
    for kind in _kinds():
        summary = (kind.__doc__ or "").partition("\n")[0]
        yield f"### {kind.__name__}\n\n{summary}\n"
        fields = msgspec.structs.fields(kind)
        if fields:
            yield "| field | type | |\n|---|---|---|"
        for field in fields:
            optional = "" if field.required else "optional"
            yield f"| `{field.encode_name}` | {_type_name(field.type)} | {optional} |"
        yield ""


def _codes() -> Iterator[str]:
    yield "## Codes\n\n| code | status | expected | remedy |\n|---|---|---|---|"
    used = {code for operation in OPERATIONS for code in operation.errors} | {*COMMON_ERRORS}
    for code in sorted(used):
        expected, remedy = explanation_of(code)
        yield f"| `{code}` | {status_of(code)} | {expected} | {remedy} |"


def _kinds() -> list[type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {}

    def add(kind: type[msgspec.Struct]) -> None:
        if kind is Nothing or kind.__name__ in found:
            return
        found[kind.__name__] = kind
        for field in msgspec.structs.fields(kind):
            for inner in _inner_types(field.type):
                add(inner)

    for operation in OPERATIONS:
        add(operation.request)
        add(operation.response)
    return [found[name] for name in sorted(found)]


def _inner_types(kind: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for argument in getattr(kind, "__args__", ()):
        yield from _inner_types(argument)


def _type_name(kind: object) -> str:
    if kind is type(None):
        return "null"
    arguments = getattr(kind, "__args__", ())
    if not arguments:
        return getattr(kind, "__name__", str(kind))
    names = [_type_name(argument) for argument in arguments]
    origin = getattr(kind, "__origin__", None)
    if origin is None:  # a union
        return " or ".join(names)
    return f"{origin.__name__} of {names[-1]}"


def _link(kind: type[msgspec.Struct]) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


if __name__ == "__main__":
    sys.stdout.write(reference())
